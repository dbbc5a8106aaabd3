; PHP
(comment) @comment
[(string) (string_content) (heredoc_body) (nowdoc_body) (text)] @string

(class_declaration name: (_) @name) @class
(trait_declaration name: (_) @name) @class
(enum_declaration name: (_) @name) @class
(interface_declaration name: (_) @name) @interface
(function_definition name: (_) @name) @function
(method_declaration name: (_) @name) @method
(formal_parameters) @parameters
(_ return_type: (_) @returns)

(base_clause (_) @base)
(class_interface_clause (_) @base)
(use_declaration [(name) (qualified_name)] @base)
(attribute_list) @decorator
(attribute . [(name) @decorated (qualified_name (name) @decorated .)])
(function_call_expression function: [(name) @call (qualified_name (name) @call .)])
(member_call_expression name: (name) @call)
(nullsafe_member_call_expression name: (name) @call)
(scoped_call_expression name: (name) @call)
(object_creation_expression [(name) @call (qualified_name (name) @call .)])
(named_type [(name) @annotation (qualified_name (name) @annotation .)])
(namespace_use_declaration) @import
[(include_expression) (include_once_expression) (require_expression) (require_once_expression)] @import
(property_declaration) @attribute
(class_declaration body: (declaration_list (const_declaration) @attribute))
(return_statement) @return
(program (const_declaration (const_element . (name) @variable)))
