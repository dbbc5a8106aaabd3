"""Instruction-like phrases: one row for each way in which a text speaks to a model instead of to a developer.

A row's expression is matched against the words around its seeds, in lower case, without accents, marks and line breaks:
one space between words, ` . ` between sentences. A row marked `raw` is matched against the text itself. Gaps between words
are bounded and end with the sentence, so that every expression is linear.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache

__all__ = ["PHRASES", "Phrase", "compiled_phrase", "words"]


@dataclass(frozen=True)
class Phrase:
    """A kind of instruction. One of the `seeds`, in lower case, stands in every match, and near it, where there are any,
    one of the words in `near`: common words cost less so."""

    kind: str
    seeds: tuple[str, ...]
    expression: str
    near: tuple[str, ...] = ()
    raw: bool = False


def words(text: str) -> tuple[str, ...]:
    """Return the words that stand between bars: `"one|two words"`."""
    return tuple(text.split("|"))


def _gap(most: int) -> str:
    return rf"(?:[^ .]+ ){{0,{most}}}?"


OVERRIDES = "overrides-instructions"
ADDRESSES = "addresses-an-ai"
TEMPLATE = "chat-template-tokens"
SECRETS = "asks-for-secrets"
HIDES = "hides-from-the-user"
REVIEW = "skips-the-review"
TOOLS = "calls-tools"

_DROP = (
    r"(?:ignore|disregard|forget|overrule|bypass|neglect|abandon|(?:stop|quit) following|(?:do not|don t|never) "
    r"(?:follow|obey|comply with|listen to)|pay no attention to|(?:set|put) aside)"
)
_EARLIER = (
    r"(?:previous|prior|above|earlier|preceding|foregoing|original|initial|existing|former|your|these|those|safety)"
)
_RULING = r"(?:instructions|directives|guidelines|guardrails|prompts)"
_AI = (
    r"(?:(?:any |all |every )?(?:ai|llms?|gpt(?: ?\d)?|chat ?gpt|(?:large )?language models?|copilot|claude"
    r"|gemini|chatbots?|"
    r"codex)(?: (?:coding|code|programming|based|powered))?(?: (?:assistants?|agents?|models?|reviewers?|bots?"
    r"|systems?))?)"
)
_READS = (
    r"(?:read(?:s|ing)?|see(?:s|ing)?|review(?:s|ing)?|process(?:es|ing)?|pars(?:es|ing)|analy[sz](?:es|ing)|"
    r"summari[sz](?:es|ing)|edit(?:s|ing)?)"
)
_MUST = (
    r"(?:must|should|needs? to|ha(?:s|ve) to|shall|(?:is|are) (?:instructed|required|asked|told|ordered|expected) to)"
)
_THIS = r"(?:page|file|repo|repository|document|issue|text|message|e?mail|ticket|pull request|pr|diff|code|comment|article|readme|site)"
_SECRET = (
    r"(?:(?:api|access|private|secret|ssh|signing) keys?|secrets?|credentials?|passwords?|(?:access |auth |api "
    r"|session )?tokens?|"
    r"environment variables?|env(?:ironment)? (?:vars?|file)|env|id rsa|cookies|etc passwd|etc shadow)"
)
_SEND = r"(?:send|post|upload|exfiltrate|forward|transmit|leak|e?mail|submit|deliver|copy|report)"
_TELL = r"(?:reveal|print|show|display|repeat|output|leak|disclose|dump|recite|expose|tell me|give me|quote|share|paste|write out|summari[sz]e)"
_PERSON = (
    r"(?:the |your |any |this )?(?:users?|humans?|developers?|operators?|owners?|maintainers?|anyone|anybody|person)"
)

SECRET_SEEDS = words("key|secret|credential|password|token|environment variable|env|cookie|id_rsa|/etc/")

PHRASES: tuple[Phrase, ...] = (
    Phrase(
        OVERRIDES,
        words("instruction|directive|guideline|guardrail|prompt"),
        near=words("ignore|disregard|forget|overrul|bypass|neglect|abandon|following|not |n't|never|attention|aside"),
        expression=rf"(?<!not )(?<!never ){_DROP} (?:{_gap(3)}{_EARLIER} {_gap(3)}{_RULING}"
        rf"|(?:all|any|every|each)(?: of)?(?: the| your)? {_gap(2)}(?:instructions?|directives?|guardrails)"
        rf"|{_gap(2)}(?:your|above|system|all) {_gap(2)}(?:instruction|prompt)\b(?! (?:is|was|in|when|if)\b))",
    ),
    Phrase(
        OVERRIDES,
        words("override|replace|supersede"),
        near=words("instruction|directive|guideline|guardrail|prompt"),
        expression=rf"(?:override|replace|supersede)s? (?:any |all )?(?:of )?(?:the |your )?(?:previous|prior|earlier|above|original|your) {_gap(2)}{_RULING}",
    ),
    Phrase(
        OVERRIDES,
        words("ignore|disregard|forget"),
        near=words("previous|prior|above|earlier|preceding|your"),
        expression=r"(?:ignore|disregard|forget) (?:all |any )?(?:of )?(?:the |your )?(?:previous|prior|above"
        r"|earlier|preceding|your) "
        r"(?:[^ .]+ )?(?:rules|constraints|restrictions|training|programming|conversation|orders|commands|tasks?)\b",
    ),
    Phrase(
        OVERRIDES,
        words("ignore|disregard|forget"),
        near=words("everything|anything| all|whatever|the above|preceding|foregoing|what"),
        expression=r"(?:ignore|disregard|forget) (?:(?:everything|anything|all|whatever)(?: (?:of|that|which"
        r"|what|is|was|has|have|been|stands|came|you|"
        r"were|written|said))* (?:above|before(?: this| now)?|told|previously|learned|so far)"
        r"|(?:all of )?the (?:above|preceding|foregoing) (?:and|then|instead|but|text|\.)|(?:all of )?the"
        r" (?:above|foregoing)$"
        r"|what(?:ever)? (?:you|i) (?:were|was|have|ve|had)? ?(?:been )?(?:told|said|read|asked))",
    ),
    Phrase(
        OVERRIDES,
        words("re now|from now on|no longer|you must"),
        r"you (?:are|re) now (?:in|an?|the|my|acting|operating|playing|free|unrestricted|called) |from now on"
        r" you (?:will|must|are|"
        r"should|shall|only|have|answer|respond)|you are no longer (?:bound|restricted|limited|required)|you"
        r" must (?:comply|obey)\b",
    ),
    Phrase(
        OVERRIDES,
        words("your new|your real|your actual|your true|your only|previous |new instruction|new task|new system"),
        r"your (?:new|real|actual|true|only) (?:instructions?|task|goal|role|objective|purpose|mission)s? (?:is"
        r"|are|will)\b"
        r"|previous (?:conversation|task|session) (?:is|has been|was) (?:over|finished|cancell?ed)"
        r"|(?:^|\. )new (?:instructions?|task|system prompt) (?:is|are|from|follow|reveal|send|print|delete"
        r"|ignore|run|do|write|output)",
    ),
    Phrase(
        OVERRIDES,
        words("pretend|developer mode|jailbreak|unrestricted|god mode|do anything now"),
        r"pretend (?:that )?(?:you (?:are|have|re) (?:an? |no |the |not )|to be (?:an? )?(?:unrestricted|other"
        r"|different|evil|admin))"
        r"|(?:enter|enable|activate|switch to|in|into) (?:developer|god|jailbreak|unrestricted) mode\b|jailbreak"
        r" (?:mode|yourself)|do anything now",
    ),
    Phrase(
        OVERRIDES,
        words("decode|decrypt|decipher|unscramble|translate|base64|rot13"),
        near=words("obey|follow|execute|do what|do as|carry out|comply|act on"),
        expression=rf"(?:decode|decrypt|decipher|unscramble|translate|base64|rot13) {_gap(8)}(?:and|then) (?:then )?(?:obey|follow|execute|do what|"
        r"do as|carry out|comply|act on)",
    ),
    Phrase(
        OVERRIDES,
        words("respond|reply|answer|say only|output only"),
        near=("only",),
        expression=r"(?:(?:respond|reply|answer|say|output) (?:with )?only|only (?:respond|reply|answer)) (?:with |by |saying )?(?:the word )?(?:approved?|lgtm|safe|pass(?:ed)?|done|ok|yes)\b",
    ),
    Phrase(
        ADDRESSES,
        words("ai |_ai_|llm|llms|gpt|language model|copilot|claude|gemini|chatbot|codex"),
        near=words(
            "must|should|need|have to|has to|shall|instruct|required|asked|told|ordered|expected|"
            "please|don't|not|you|note|message|directive|attention|notice|reminder|dear|hey|hello|"
            "task|order"
        ),
        expression=rf"\b{_AI} (?:(?:(?:that|who|which|when|while) )?(?:is |are )?{_READS} (?:[^ .]+ ){{1,4}}?)?(?:{_MUST}|please|do not|don t|you)\b"
        rf"|(?:if|in case|since|because|as) you (?:are|re) (?:an? |the )?(?:[^ .]+ )?{_AI}\b"
        rf"|(?:notes?|messages?|instructions?|directives?|attention|notice|reminder|dear|hey|hello|task|order)"
        rf" (?:(?:to|for) )?(?:any |all |the |every |our |future )?{_AI}\b(?! (?:api|provider|client|key)s?)",
    ),
    Phrase(
        ADDRESSES,
        words(
            "reads|reading|reviewing|reviews this|sees this|seeing|processing|processes|parsing|analy|"
            "summari|if you|in case you|assistants|reviewer model|editing"
        ),
        near=words("assistant|agent|model|bot|reviewer"),
        expression=rf"(?:assistant|agent|model|bot|reviewer)s? (?:(?:that|who|which) )?(?:is |are )?{_READS} (?:this|these)\b"
        rf"|(?:if|in case) you (?:are|re) (?:an? |the )?(?:[^ .]+ ){{0,2}}(?:assistant|agent|bot|model)\b"
        rf"|(?:notes?|attention|directives?|notice|order|dear) (?:(?:to|for) )?(?:any |all |the |every |future"
        rf" )?(?:[^ .]+ )?(?:assistants|agents|reviewer models?|assistant reading)\b",
    ),
    Phrase(
        ADDRESSES,
        words("summari|reading|processing|reviewing|analysing|analyzing|answering"),
        near=words(
            "must|should|need|have to|has to|shall|please|always|also|add|append|include|say|tell|"
            "write|insert|recommend|claim"
        ),
        expression=rf"(?:when|while|before|after|if) (?:you (?:are )?)?(?:asked to )?(?:summari[sz]e|summari[sz]ing|reading|processing|reviewing|analy[sz]ing|answering) (?:this|the) {_THIS} "
        rf"{_gap(6)}(?:{_MUST}|please|always|also|add|append|include|say|tell|write|insert|recommend|claim)\b",
    ),
    Phrase(
        TEMPLATE,
        ("<|", "[inst]", "[/inst]", "<<sys>>", "<start_of_turn>", "<end_of_turn>"),
        r"<\|(?:im_start|im_end|im_sep|system|user|assistant|endoftext|eot_id|start_header_id|end_header_id"
        r"|begin_of_text|"
        r"end_of_text|end|tool_call|tool_response|python_tag|eom_id|channel|message|start|return|call)\|>"
        r"|\[/?INST\]|<</?SYS>>|<(?:start|end)_of_turn>",
        raw=True,
    ),
    Phrase(
        TEMPLATE,
        words(
            "<system>|</system>|<tool_call>|<function_calls>|<assistant>|</assistant>|<system_prompt>|"
            "</data>|</context>|</document>|</instructions>|<instructions>"
        ),
        r"</?(?:system|assistant|tool_call|function_calls|system_prompt"
        r"|instructions)>\s{0,4}(?:[A-Z][a-z']{1,20} [a-z]|\{\s{0,4}\"name\")",
        raw=True,
    ),
    Phrase(
        TEMPLATE,
        words("system:|assistant:|human:|developer:|instruction:|system :|assistant :"),
        r"(?:\A|[\s/*#>!\[\"'(-])(?:###? ?)?(?i:system|assistant|human|developer|ai"
        r"|instruction)\]?\s?:\s{1,4}(?i:you (?:are|must|should|will|can)|ignore|disregard|forget|"
        r"the previous|from now on|new task|reveal|override|approve|obey)\b",
        raw=True,
    ),
    Phrase(
        SECRETS,
        words("prompt|instruction|guidelines"),
        near=words(
            "reveal|print|show|display|repeat|output|leak|disclose|dump|recite|expose|tell|give|quote|"
            "share|paste|write|summari|what"
        ),
        expression=rf"{_TELL} {_gap(4)}(?:system prompt|your {_gap(2)}(?:prompt|instructions|guidelines)|(?:initial|hidden|secret|full|original|developer) (?:system )?(?:prompt|instructions|message))\b"
        rf"|what (?:is|are|was|were) your (?:system |initial |hidden |original )?(?:prompt|instructions)",
    ),
    Phrase(
        SECRETS,
        SECRET_SEEDS,
        near=words(" you|your| it |they"),
        expression=rf"(?:{_SEND}|paste|append|include|embed|{_TELL}|add|put|encode) {_gap(5)}{_SECRET} (?:[^ .]+"
        rf" )?(?:that |which )?"
        r"(?:(?:it|they|you) (?:were|was|have|has|know|knows|hold|can|could|are)|in your)\b",
    ),
    Phrase(
        SECRETS,
        SECRET_SEEDS,
        near=words("upload|exfiltrat|leak|email|e-mail|forward"),
        expression=rf"(?:upload|exfiltrate|leak|e?mail|forward) {_gap(4)}(?:all )?(?:(?:the|your|our|its|their"
        rf"|any|every|all|my) )+{_gap(2)}{_SECRET}\b",
    ),
    Phrase(
        SECRETS,
        words("passwd|/etc/shadow|id_rsa|ssh key|ssh private|.env|env file|dotenv"),
        near=words("upload|exfiltrat|post|send|commit|paste|cat |print|read"),
        expression=r"(?:upload|exfiltrate|post|send|commit|paste|cat|print|read) (?:[^ .]+ ){0,3}?(?:contents?"
        r" of )?(?:[^ .]+ ){0,2}?"
        r"(?:etc (?:passwd|shadow)|id rsa|ssh (?:private )?keys?|env file|dotenv)\b",
    ),
    Phrase(
        SECRETS,
        SECRET_SEEDS,
        near=words("http| url|webhook|my server|this address|this server|attacker|pastebin"),
        expression=rf"{_SEND} {_gap(6)}{_SECRET} {_gap(5)}(?:to|at|into|via) (?:[^ .]+ )?"
        r"(?:https?|url|webhook|my server|this (?:address|server|url)|attacker|pastebin)\b",
    ),
    Phrase(
        SECRETS,
        (".env",),
        near=words("upload|exfiltrat|post|send|paste|mail|leak|reveal|content"),
        raw=True,
        expression=r"(?i:\b(?:upload|exfiltrate|post|send|paste|e?mail|leak|reveal)\s(?:[^\s.]{1,40}\s){0,6}?"
        r"|\b(?:print|show|read|cat|output|display)\s(?:[^\s.]{1,40}\s){0,3}?contents?\s(?:[^\s.]{1,40}\s){0,2}?)[`'\"]?\.env\b",
    ),
    Phrase(
        SECRETS,
        SECRET_SEEDS,
        near=("print",),
        expression=r"print (?:all |out )?(?:the|your|every) (?:env|environment variables?|secrets?|credentials"
        r"|api keys?|access tokens?)"
        r"(?: and| to| then| in your|$| \.)",
    ),
    Phrase(
        SECRETS,
        words("ssh key|deploy key|ssh-rsa|ssh-ed25519|public key|authorized_keys"),
        r"(?:add|install|append|put|adds|insert)s? (?:my|this|the following|his|her) (?:[^ .]+ )?(?:ssh|public"
        r"|deploy) key",
    ),
    Phrase(
        SECRETS,
        ("](http",),
        expression=r"!\[[^\]\n!]{0,100}+\]\(https?://(?=[^)\s]{0,200}?(?:[{<$]|[?&/=#_](?i:secret|token|api_?key|password|credential"
        r"|env_?vars?|conversation|history|summary)))[^)\s]{1,300}",
        raw=True,
    ),
    Phrase(
        SECRETS,
        ("curl", "wget", "invoke-webrequest", "printenv", "| nc "),
        near=words("env|cat |ssh|passwd|id_rsa|aws|base64"),
        raw=True,
        expression=r"(?:curl|wget|nc|Invoke-WebRequest)\b[^\n]{0,120}(?:\$\((?:env|printenv|cat )|`(?:env|cat )|@~?/?[\w./]{0,40}(?:\.env|\.ssh|id_rsa|/etc/passwd|\.aws)"
        r"|\|\s?base64|<\s?~?/?[\w./]{0,40}(?:\.env|\.ssh|/etc/passwd))|(?:printenv|\benv|cat"
        r" [~/.\w]{0,60}(?:\.env|\.ssh|id_rsa|/etc/passwd|\.aws)[\w/]{0,20}) ?\| ?(?:curl|nc|wget|base64)",
    ),
    Phrase(
        HIDES,
        words("tell|inform|mention|notify|alert|warn|reveal|disclos|let "),
        near=words("not|n't|never|without"),
        expression=rf"(?:do not|don t|never|without|must not|should not|shouldn t|not to) (?:ever )?(?:tell(?:ing)?|inform(?:ing)?|notify(?:ing)?|alert(?:ing)?|warn(?:ing)?|let(?:ting)?) {_PERSON}\b(?: know)?(?! (?:to|how|that (?:it|they|the)|if|when|whether|of)\b)"
        rf"|(?:do not|don t|never|without|must not|should not) (?:mention(?:ing)?|reveal(?:ing)?|disclos(?:e"
        rf"|ing)) (?:this|that|it|these|the (?:instructions?|change|comment|message|request|prompt|note)|any of"
        rf" this)\b(?! to (?:the )?(?:client|server))",
    ),
    Phrase(
        HIDES,
        words(
            "secret|hidden from|hide |between us|say nothing|knowledge|confidential|noticing|knowing|"
            "silently|private from|quiet"
        ),
        near=words("from|between us|say nothing|without|silently"),
        expression=rf"(?:keep|hide) (?:this|these|it|that) (?:[^ .]+ )?(?:secret|hidden|confidential|private|quiet)?(?: ?from) {_PERSON}|(?:keep|let) (?:this|it) (?:stay |just )?between us"
        rf"|(?:and|then|but) say nothing\b|without (?:the )?(?:user|human|developer|owner|maintainer"
        rf"|reviewer)s?(?: s)? (?:knowledge|consent|noticing|knowing)"
        rf"|silently (?:send|upload|post|exfiltrate|forward|approve|install|push|commit) ",
    ),
    Phrase(
        REVIEW,
        words("review|security|safety|approv|verif|merge this|accept th|mark th|mark it|rate th|rate it|harmless"),
        near=words(
            "skip|bypass|omit|circumvent|turn off|disable|suppress|do not|don't|no need|approve|merge|"
            "accept|mark |rate |report|flag|classify|treat|consider"
        ),
        expression=rf"(?<!not )(?:skip|bypass|omit|circumvent|turn off|disable|suppress|do not (?:run|perform|do)|don t (?:run|perform|do)|no need (?:for|to do)) (?:the |any |all |your |a |further )*(?:(?:code|security|safety|manual|human|peer) )?(?:reviews?|security (?:checks?|scans?|review|audit)|safety (?:checks?|review|filters?)|(?:human|manual) (?:approval|verification))\b"
        r"|(?:approve|merge|accept) (?:this|the) (?:change|pr|pull request|patch|commit|code|diff|merge"
        r" request)s? (?:without|immediately|right away|at once|now|as is|unconditionally|and)\b"
        r"|(?:mark|rate|report|flag|classify|treat|consider) (?:this|it|the (?:code|change|file|pr)) (?:as"
        r" )?(?:(?:being )?(?:safe|approved|passed|reviewed|verified|secure|harmless|clean|trusted)|(?:\d+"
        r" ?){1,2}(?:of|out of|stars?|points)?)\b",
    ),
    Phrase(
        REVIEW,
        words("no vulnerab|no issues|no problems|no bugs|no findings|no security|no concerns|10/10|lgtm"),
        near=words("report|say|state|claim|answer|conclude|respond|reply|confirm|rate|score|grade|comment"),
        expression=r"(?:report|say|state|claim|answer|conclude|respond|reply|confirm) (?:that )?(?:there (?:are|were) |it has |you found )?no (?:security )?(?:vulnerabilit(?:y|ies)|issues|problems|bugs|findings|concerns)(?: were| was)?(?: found)?\b"
        r"|(?:rate|score|grade) (?:this|it)(?: [^ .]+)? (?:with )?10 10|(?:respond|reply|answer|say|comment)(?:"
        r" with| only)* lgtm",
    ),
    Phrase(
        REVIEW,
        words("delete|remove|disable|comment out"),
        near=("tests",),
        expression=r"(?:delete|remove|disable|comment out) (?:all )?(?:the |of the |these |your )?(?:failing |unit |security )?tests (?:and|then|so)\b",
    ),
    Phrase(
        TOOLS,
        words(" tool|`tool|_tool| function"),
        near=words(
            "shell|bash|terminal|exec|browser|file|write|edit|search|http|fetch|web|sql|mail|computer|"
            "python|command|delete|send|payment"
        ),
        expression=r"(?:call|use|invoke|run|execute|trigger) (?:the |your |its |a )?(?:[^ .]+ )?(?:shell|bash|terminal|exec|browser|file|write|edit|read|search|http|fetch|web|sql|e?mail|computer|python|command|delete|send|payment)(?: [^ .]+)? (?:tool|function) (?:with|to|on|and)\b",
    ),
    Phrase(
        TOOLS,
        words('"name"|"tool"|\'name\'|<invoke|tool_call|<function_call|"function"'),
        near=words("shell|bash|exec|run_|terminal|python|write_file|send_email|http_request|delete_file|<invoke|call"),
        raw=True,
        expression=r"<(?:invoke|tool_call|function_call)\b[^>\n]{0,80}>|[\"'](?:tool|function|name)[\"']\s{0,4}:\s{0,4}[\"'](?:shell|bash|exec|execute|run_command|run_shell|terminal|python|write_file|send_email|http_request|delete_file)[\"']\s{0,4},\s{0,4}[\"'](?:arguments|parameters|input|args)[\"']",
    ),
    Phrase(
        TOOLS,
        words(
            "before anything|before you|before continuing|before doing|publish|open a|create a|submit a|merge a|force"
        ),
        near=words("run|execute|install|call|fetch|open|visit|download|publish|pull request| pr |push"),
        expression=r"(?:run|execute|install|call|fetch|open|visit|download) (?:[^ .]+ ){1,10}?before (?:anything else|you (?:continue|start|answer|do anything)|continuing|doing anything)"
        r"|publish the (?:package|release|image) (?:now|immediately|at once|to|and skip)\b|(?:you must|please"
        r"|and|now) (?:open|create|submit|merge) an? (?:pr|pull request) (?:that|which|adding|with|to add)"
        r"|(?:you must|please|now) force push",
    ),
)


@cache
def compiled_phrase(phrase: Phrase) -> re.Pattern[str]:
    """Return the phrase's expression, compiled once."""
    return re.compile(phrase.expression)
