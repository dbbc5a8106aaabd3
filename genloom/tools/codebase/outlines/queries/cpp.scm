; C++ beyond C.
(raw_string_literal) @string
(class_specifier name: (_) @name body: (_)) @class
(concept_definition name: (_) @name) @type
(alias_declaration name: (_) @name) @type
(field_declaration_list (field_declaration declarator: [(function_declarator)
  (pointer_declarator declarator: (function_declarator)) (reference_declarator (function_declarator))]) @method)
(field_declaration_list (declaration declarator: (function_declarator)) @method)
(field_declaration_list (template_declaration (declaration declarator: [(function_declarator)
  (pointer_declarator declarator: (function_declarator)) (reference_declarator (function_declarator))]) @method))
(function_declarator declarator: [(field_identifier) (destructor_name) (operator_name) (template_function)] @name)
(function_declarator declarator: (qualified_identifier) @name) @_qualified
(function_definition declarator: [(function_declarator declarator: (qualified_identifier))
  (pointer_declarator declarator: (function_declarator declarator: (qualified_identifier)))
  (reference_declarator (function_declarator declarator: (qualified_identifier)))]) @method
(operator_cast) @name
(template_declaration [(class_specifier) (struct_specifier) (union_specifier) (function_definition) (declaration)
  (alias_declaration) (concept_definition)]) @outer

(base_class_clause [(type_identifier) (qualified_identifier) (template_type)] @base)
(call_expression function: [(qualified_identifier name: (identifier) @call)
  (qualified_identifier name: (qualified_identifier name: (identifier) @call))
  (qualified_identifier name: (qualified_identifier name: (qualified_identifier name: (identifier) @call)))
  (qualified_identifier name: (template_function name: (identifier) @call))
  (qualified_identifier name: (qualified_identifier name: (template_function name: (identifier) @call)))
  (template_function name: (identifier) @call)
  (field_expression field: (template_method name: (field_identifier) @call))])
(new_expression type: [(type_identifier) @call (template_type name: (_) @call) (qualified_identifier name: (type_identifier) @call)])
(attribute_declaration) @decorator
(type_definition type: [(template_type) (qualified_identifier) (dependent_type)]) @type
; a class with a macro before its name, which the grammar takes for a function
(function_definition type: [(class_specifier) (struct_specifier)] declarator: (identifier) @name) @class
(type_definition declarator: (reference_declarator (type_identifier) @name)) @type
