; C, and what C++ shares with it. A function's name stands in its declarator, however deep.
(comment) @comment
[(string_literal) (char_literal)] @string

(function_definition) @function
(function_declarator declarator: (identifier) @name)
(function_declarator parameters: (_) @parameters)
(function_definition type: (_) @returns)
(preproc_function_def name: (_) @name) @function
(struct_specifier name: (_) @name body: (_)) @class
(union_specifier name: (_) @name body: (_)) @class
(enum_specifier name: (_) @name body: (_)) @class
(type_definition type: [(struct_specifier !name body: (_)) (union_specifier !name body: (_)) (enum_specifier !name body: (_))]
  declarator: (type_identifier) @name) @class
(type_definition type: [(struct_specifier name: (_) body: (_)) (union_specifier name: (_) body: (_))
  (enum_specifier name: (_) body: (_))] declarator: (type_identifier) @alias) @outer
(type_definition type: [(struct_specifier !body) (union_specifier !body) (enum_specifier !body) (primitive_type)
  (sized_type_specifier) (type_identifier)]) @type
(type_definition declarator: [(type_identifier) @name (primitive_type) @name (pointer_declarator declarator: (type_identifier) @name)
  (array_declarator declarator: (type_identifier) @name)
  (function_declarator declarator: [(type_identifier) @name (parenthesized_declarator (type_identifier) @name)
    (parenthesized_declarator (pointer_declarator declarator: (type_identifier) @name))])
  (pointer_declarator declarator: (function_declarator declarator: (parenthesized_declarator
    (pointer_declarator declarator: (type_identifier) @name))))])

(call_expression function: [(identifier) @call (field_expression field: (field_identifier) @call)])
(type_identifier) @annotation
(preproc_include) @import
(field_declaration) @attribute
(return_statement) @return
(preproc_def name: (identifier) @variable value: (_))
(declaration declarator: [(identifier) @variable (array_declarator declarator: (identifier) @variable)
  (pointer_declarator declarator: (identifier) @variable)])
(declaration declarator: (init_declarator declarator: [(identifier) @variable
  (array_declarator declarator: (identifier) @variable) (pointer_declarator declarator: (identifier) @variable)]))
