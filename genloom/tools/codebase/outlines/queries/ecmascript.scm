; What JavaScript and TypeScript have in common. The names of the captures are explained in query_outline.py.
(comment) @comment
[(string_fragment) (regex)] @string

(class_declaration name: (_) @name) @class
(variable_declarator name: (identifier) @name value: (class)) @class
(assignment_expression left: (_) @name right: (class)) @class
[(function_declaration name: (_) @name) (generator_function_declaration name: (_) @name)] @function
(class_body (method_definition name: (_) @name) @method)
(object (method_definition name: (_) @name) @function)
(variable_declarator name: (identifier) @name
  value: [(arrow_function) (function_expression) (generator_function)]) @function
(assignment_expression left: [(identifier) (member_expression)] @name
  right: [(arrow_function) (function_expression) (generator_function)]) @function
(return_statement (function_expression name: (_) @name) @function)
(arguments (function_expression name: (_) @name) @function)
(variable_declarator value: (object (pair key: (_) @name value: [(arrow_function) (function_expression)]) @function))
(assignment_expression right: (object (pair key: (_) @name value: [(arrow_function) (function_expression)]) @function))
(export_statement value: (object (pair key: (_) @name value: [(arrow_function) (function_expression)]) @function))
(variable_declarator name: (identifier) @name value: (object)) @scope
(assignment_expression left: (member_expression) @name right: (object)) @scope
(formal_parameters) @parameters
(arrow_function parameter: (identifier) @parameters)

(export_statement declaration: (_)) @outer
(lexical_declaration . (variable_declarator value: [(arrow_function) (function_expression) (class)])) @outer
(variable_declaration . (variable_declarator value: [(arrow_function) (function_expression) (class)])) @outer
(expression_statement . (assignment_expression right: [(arrow_function) (function_expression) (class)])) @outer

(decorator) @decorator
(decorator [(identifier) @decorated (member_expression property: (_) @decorated)
  (call_expression function: [(identifier) @decorated (member_expression property: (_) @decorated)])])
(call_expression function: [(identifier) @call (member_expression property: (_) @call)])
(new_expression constructor: [(identifier) @call (member_expression property: (_) @call)])
(return_statement) @return

(import_statement) @import
(export_statement source: (_)) @import
(call_expression function: (import)) @import
(call_expression function: (identifier) @_require (#eq? @_require "require")) @import
(variable_declarator value: (call_expression function: (identifier) @_require) (#eq? @_require "require")) @import
(variable_declarator value: (member_expression object: (call_expression function: (identifier) @_require))
  (#eq? @_require "require")) @import
(program (export_statement declaration: (_ name: (_) @export)))
(program (export_statement declaration: (_ (variable_declarator name: (identifier) @export))))
(export_specifier !alias name: (_) @export)
(export_specifier alias: (_) @export)

(program (lexical_declaration (variable_declarator name: (identifier) @variable)))
(program (variable_declaration (variable_declarator name: (identifier) @variable)))
(program (export_statement (lexical_declaration (variable_declarator name: (identifier) @variable))))
(program (export_statement (variable_declaration (variable_declarator name: (identifier) @variable))))
