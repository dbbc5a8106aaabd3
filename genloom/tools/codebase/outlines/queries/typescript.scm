; TypeScript alone: types, interfaces, signatures without a body.
(abstract_class_declaration name: (_) @name) @class
(enum_declaration name: (_) @name) @class
(interface_declaration name: (_) @name) @interface
(type_alias_declaration name: (_) @name) @type
(function_signature name: (_) @name) @function
(class_body (public_field_definition name: (_) @name value: [(arrow_function) (function_expression)]) @method)
(class_body [(method_signature name: (_) @name) (abstract_method_signature name: (_) @name)] @method)
(interface_body (method_signature name: (_) @name) @method)
(internal_module name: (_) @name) @scope
(module name: (_) @name) @scope
(ambient_declaration . (_)) @outer
(_ return_type: (type_annotation (_) @returns))

(extends_clause value: (_) @base)
(implements_clause (_) @base)
(extends_type_clause type: (_) @base)
(type_identifier) @annotation
[(public_field_definition) (property_signature)] @attribute
