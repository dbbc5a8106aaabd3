; What genloom takes from a Python file. Each capture's name is read by python_outline.py.
(function_definition) @function
(class_definition) @class
(import_statement) @import
(import_from_statement) @import
(future_import_statement) @import

(call function: [(identifier) (attribute)] @call)
(decorator [(identifier) (attribute)] @decorator)
(decorator (call function: [(identifier) (attribute)] @decorator))
(class_definition superclasses: (argument_list [
  (identifier) @base
  (attribute) @base
  (subscript value: [(identifier) (attribute)] @base)]))
(type [(identifier) (attribute)] @annotation)
(type (generic_type (identifier) @annotation))

(module (expression_statement (assignment left: (identifier) @variable)))
(module (expression_statement (assignment left: (pattern_list (identifier) @variable))))
(module (expression_statement (augmented_assignment left: (identifier) @augmented)))
(class_definition body: (block (expression_statement (assignment left: (identifier) @attribute))))
(return_statement) @return
[(yield) (await) (global_statement) (nonlocal_statement)] @impure
