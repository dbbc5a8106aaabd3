; Go
(comment) @comment
[(interpreted_string_literal) (raw_string_literal) (rune_literal)] @string

(type_spec name: (_) @name type: (struct_type)) @class
(type_spec name: (_) @name type: (interface_type)) @interface
(type_spec name: (_) @name type: [(type_identifier) (qualified_type) (pointer_type) (map_type) (slice_type) (array_type)
  (function_type) (channel_type) (generic_type)]) @type
(type_alias name: (_) @name) @type
(type_declaration . "type" . [(type_spec) (type_alias)]) @outer
(function_declaration name: (_) @name parameters: (_) @parameters) @function
(function_declaration result: (_) @returns)
(method_declaration name: (_) @name parameters: (_) @parameters) @method
(method_declaration result: (_) @returns)
(method_declaration receiver: (parameter_list (parameter_declaration type: [
  (type_identifier) @owner
  (generic_type type: (type_identifier) @owner)
  (pointer_type (type_identifier) @owner)
  (pointer_type (generic_type type: (type_identifier) @owner))])))
(method_elem name: (_) @name parameters: (_) @parameters) @method
(method_elem result: (_) @returns)

(field_declaration !name type: [(type_identifier) (qualified_type) (generic_type) (pointer_type)] @base)
(interface_type (type_elem . [(type_identifier) (qualified_type) (generic_type)] @base .))
(call_expression function: [(identifier) @call (selector_expression field: (_) @call)])
(type_identifier) @annotation
(import_spec) @import
(field_declaration name: (_)) @attribute
(return_statement) @return
(var_spec name: (identifier) @variable)
(const_spec name: (identifier) @variable)
