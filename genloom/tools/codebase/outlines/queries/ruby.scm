; Ruby
(comment) @comment
[(string_content) (heredoc_content) (regex)] @string

(class name: (_) @name) @class
(module name: (_) @name) @class
(method name: (_) @name) @method
(singleton_method name: (_) @name) @method
(method_parameters) @parameters
(call method: (identifier) @_attr arguments: (argument_list (simple_symbol) @name @method)
  (#match? @_attr "^(attr_accessor|attr_reader|attr_writer|define_method)$"))
(call method: (identifier) @_alias arguments: (argument_list . (simple_symbol) @name @method) (#eq? @_alias "alias_method"))
(alias name: (_) @name) @method

(superclass (_) @base)
(call !receiver method: (identifier) @_mixin arguments: (argument_list [(constant) (scope_resolution)] @base)
  (#match? @_mixin "^(include|extend|prepend)$"))
(call method: [(identifier) (constant)] @call)
(call !receiver method: (identifier) @_require (#match? @_require "^(require|require_relative|load|autoload)$")) @import
(return) @return
(program (assignment left: (constant) @variable))
(class body: (body_statement (assignment left: (constant) @attribute)))
