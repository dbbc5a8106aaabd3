; Rust. The methods of an impl block are those of its type.
[(line_comment) (block_comment)] @comment
[(string_literal) (raw_string_literal) (char_literal)] @string

(struct_item name: (_) @name) @class
(enum_item name: (_) @name) @class
(union_item name: (_) @name) @class
(trait_item name: (_) @name) @class
(type_item name: (_) @name) @type
(function_item name: (_) @name) @function
(function_signature_item name: (_) @name) @function
(macro_definition name: (_) @name) @function
(mod_item name: (_) @name body: (_)) @scope
(impl_item type: [(type_identifier) @name (generic_type type: (_) @name) (scoped_type_identifier) @name
  (reference_type type: (type_identifier) @name) (primitive_type) @name]) @extension
(_ parameters: (parameters) @parameters)
(_ return_type: (_) @returns)

(impl_item trait: (_) @base)
(trait_item bounds: (trait_bounds [(type_identifier) (scoped_type_identifier) (generic_type)] @base))
(attribute_item) @decorator
(attribute_item (attribute . [(identifier) @decorated (scoped_identifier name: (_) @decorated)]))
(attribute_item (attribute (identifier) @_derive arguments: (token_tree (identifier) @decorated)) (#eq? @_derive "derive"))
(call_expression function: [(identifier) @call (scoped_identifier name: (_) @call) (field_expression field: (_) @call)
  (generic_function function: [(identifier) @call (scoped_identifier name: (_) @call) (field_expression field: (_) @call)])])
(macro_invocation macro: [(identifier) @call (scoped_identifier name: (_) @call)])
(type_identifier) @annotation
[(use_declaration) (extern_crate_declaration)] @import
(mod_item !body) @import
(field_declaration) @attribute
(return_expression) @return
(source_file [(const_item name: (identifier) @variable) (static_item name: (identifier) @variable)])
(mod_item body: (declaration_list [(const_item name: (identifier) @variable) (static_item name: (identifier) @variable)]))
