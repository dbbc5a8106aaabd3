; JavaScript alone.
(class_heritage (_) @base)
(class_body (field_definition property: (_) @name value: [(arrow_function) (function_expression)]) @method)
(field_definition) @attribute
