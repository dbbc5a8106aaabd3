; What genloom takes from a Python file. Each capture's name is read by python_outline.py.
(function_definition) @function
(class_definition) @class
(import_statement) @import
(import_from_statement) @import
(future_import_statement) @import

(call function: (identifier) @call)
(call function: (attribute attribute: (identifier) @call))
(decorator [(identifier) @decorator (attribute attribute: (identifier) @decorator)])
(decorator (call function: [(identifier) @decorator (attribute attribute: (identifier) @decorator)]))
(class_definition superclasses: (argument_list [
  (identifier) @base
  (attribute attribute: (identifier) @base)
  (subscript value: (identifier) @base)
  (subscript value: (attribute attribute: (identifier) @base))]))
(type (identifier) @annotation)
(type (generic_type (identifier) @annotation))

(module (expression_statement (assignment left: (identifier) @variable)))
(module (expression_statement (assignment left: (pattern_list (identifier) @variable))))
(class_definition body: (block (expression_statement (assignment left: (identifier) @attribute))))
(return_statement) @return
[(yield) (await) (global_statement) (nonlocal_statement)] @impure
