; C#
(comment) @comment
[(string_literal) (verbatim_string_literal) (raw_string_literal) (character_literal)] @string

(class_declaration name: (_) @name) @class
(struct_declaration name: (_) @name) @class
(record_declaration name: (_) @name) @class
(enum_declaration name: (_) @name) @class
(interface_declaration name: (_) @name) @interface
(delegate_declaration name: (_) @name) @type
(method_declaration name: (_) @name) @method
(constructor_declaration name: (_) @name) @method
(destructor_declaration name: (_) @name) @method
(property_declaration name: (_) @name) @method
(event_declaration name: (_) @name) @method
(operator_declaration operator: _ @name) @method
(conversion_operator_declaration type: (_) @name) @method
(indexer_declaration "this" @name) @method
(local_function_statement name: (_) @name) @function
(_ parameters: (parameter_list) @parameters)
(method_declaration returns: (_) @returns)
(property_declaration type: (_) @returns)
(local_function_statement type: (_) @returns)

(base_list [(identifier) (generic_name) (qualified_name)] @base)
(base_list (primary_constructor_base_type type: (_) @base))
(attribute_list) @decorator
(attribute name: [(identifier) @decorated (qualified_name name: (identifier) @decorated)])
(invocation_expression function: [(identifier) @call (generic_name (identifier) @call)
  (member_access_expression name: [(identifier) @call (generic_name (identifier) @call)])
  (conditional_access_expression (member_binding_expression name: [(identifier) @call (generic_name (identifier) @call)]))])
(object_creation_expression type: [(identifier) @call (generic_name (identifier) @call) (qualified_name name: (identifier) @call)])
(_ type: [(identifier) @annotation (generic_name (identifier) @annotation) (qualified_name name: (identifier) @annotation)
  (nullable_type type: (identifier) @annotation) (array_type type: (identifier) @annotation)])
(method_declaration returns: [(identifier) @annotation (generic_name (identifier) @annotation)
  (nullable_type type: (identifier) @annotation) (array_type type: (identifier) @annotation)])
(type_argument_list (identifier) @annotation)
(using_directive) @import
[(field_declaration) (event_field_declaration)] @attribute
(return_statement) @return
