; Java
[(line_comment) (block_comment)] @comment
[(string_literal) (character_literal)] @string

(class_declaration name: (_) @name) @class
(enum_declaration name: (_) @name) @class
(record_declaration name: (_) @name) @class
(interface_declaration name: (_) @name) @interface
(annotation_type_declaration name: (_) @name) @interface
(method_declaration name: (_) @name) @method
(constructor_declaration name: (_) @name) @method
(compact_constructor_declaration name: (_) @name) @method
(annotation_type_element_declaration name: (_) @name) @method
(formal_parameters) @parameters
(method_declaration type: (_) @returns)

(superclass (_) @base)
(super_interfaces (type_list (_) @base))
(extends_interfaces (type_list (_) @base))
[(marker_annotation name: (_) @decorated) (annotation name: (_) @decorated)] @decorator
(method_invocation name: (_) @call)
(object_creation_expression type: [(type_identifier) @call (generic_type (type_identifier) @call)
  (scoped_type_identifier (type_identifier) @call .)])
(type_identifier) @annotation
(import_declaration) @import
(field_declaration) @attribute
(return_statement) @return
