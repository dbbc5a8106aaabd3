"""Instruction-like phrases in other languages than English: the common forms of "ignore the earlier instructions" and "show
the system prompt". Rows are as in `instruction_phrases`; й is written as и, since accents are taken off."""

from __future__ import annotations

from genloom.tools.security.instruction_phrases import OVERRIDES, SECRETS, Phrase, words

__all__ = ["FOREIGN_PHRASES"]

FOREIGN_PHRASES: tuple[Phrase, ...] = (
    Phrase(
        OVERRIDES,  # French, Spanish, Portuguese, Italian
        words("instru|istruzion|consigne|indicacion|regole|reglas"),
        near=words("ignor|oubli|olvid|esque|dimentic|desconsid|ne tenez"),
        expression=r"(?:ignor(?:ez|er|e|a|en|ad|ar|ate|are|i)|oubli(?:ez|e)|olvid[ae]|esquec[ae]|dimentica(?:te)?"
        r"|desconsidere|ne tenez pas compte)(?: de)? (?:[^ .]+ ){0,3}?"
        r"(?:instructions|consignes|instrucciones|indicaciones|reglas|instrucoes|istruzioni|regole)(?: [^ .]+)?"
        r" (?:precedentes?|anterieures|anteriores|previas|precedenti|ci dessus|acima|de arriba)"
        r"|ignor(?:a|ate|e|ez) (?:[^ .]+ ){0,2}?(?:previas|precedenti|precedentes|anteriores) (?:instrucciones"
        r"|istruzioni|instructions|instrucoes)",
    ),
    Phrase(
        OVERRIDES,  # German, Dutch
        words("anweisung|instruktion|befehl|vorgaben|instructies|opdrachten"),
        near=words("ignorier|vergiss|vergesst|missacht|negeer|vergeet"),
        expression=r"(?:ignorier(?:e|en|t)?|vergiss|vergesst|missacht(?:e|en)|negeer|vergeet) (?:[^ .]+ ){0,2}?(?:vorherig"
        r"|bisherig|obig|vorig|vorangegangen|fruher|eerder|vorige|voorgaand|bovenstaand|deine|alle)[a-z]* "
        r"(?:[^ .]+ )?(?:anweisungen|instruktionen|befehle|vorgaben|instructies|opdrachten)",
    ),
    Phrase(
        OVERRIDES,  # Russian, Ukrainian, Polish, Czech; й is written as и where accents are taken off
        words("инструкци|указани|інструкці|instrukcj|polecenia|pokyny|instrukce"),
        near=words("игнор|забудь|ігнор|ignoruj|zapomnij"),
        expression=r"(?:проигнориру[а-я]{1,8}|игнориру[а-я]{1,8}|забудь[а-я]{0,4}|ігнору[а-яі]{1,8}|zignoruj|ignoruj|zapomnij o|ignorujte)"
        r" (?:[^ .]+ ){0,3}?(?:инструкц|указани|інструкц|instrukcj|polecenia|pokyny|instrukce)",
    ),
    Phrase(
        OVERRIDES,  # Turkish, Vietnamese, Indonesian
        words("talimat|hướng dẫn|chỉ dẫn|instruksi|perintah"),
        near=words("önceki|onceki|yukar|bỏ qua|abaikan|lupakan"),
        expression=r"(?:onceki|yukaridaki) (?:[^ .]+ )?talimat[a-zı]* (?:[^ .]+ )?(?:yok say|unut|gormezden|dikkate alma)"
        r"|bo qua (?:[^ .]+ ){0,3}?(?:huong dan|chi dan)|(?:abaikan|lupakan) (?:[^ .]+ ){0,2}?(?:instruksi|perintah)",
    ),
    Phrase(
        OVERRIDES,  # Chinese, Japanese, Korean
        words("忽略|无视|無視|忘记|忘れ|무시"),
        r"(?:请|請)?(?:忽略|无视|無視|忘记)(?:掉)?(?:你)?(?:之前|以上|先前|前面|上述|此前|所有|全部|一切)[^ .]{0,8}(?:指令|指示|说明|說明|提示|规则|要求)"
        r"|(?:これまで|以前|上記|前|すべて|全て)の?[^ .]{0,8}(?:指示|命令|ルール)を?(?:すべて|全て)?(?:無視|忘れ)|(?:이전|위의?|모든) ?[^.]{0,10}(?:지시"
        r"|명령|지침)[^ .]{0,4} (?:[^ .]+ )?무시",
    ),
    Phrase(
        OVERRIDES,  # Arabic, Hebrew, Hindi
        words("التعليمات|ההוראות|ההנחיות|निर्देश"),
        r"(?:تجاهل|انس|انسى)[^.]{0,20}التعليمات|(?:התעלם|התעלמי|התעלמו|שכח) (?:[^ .]+ ){0,2}?(?:ההוראות|ההנחיות)"
        r"|निर्देश[^.]{0,24}(?:अनदेखा|नज़रअंदाज़|भूल|उपेक्षा)",
    ),
    Phrase(
        SECRETS,  # the system prompt, in other languages
        words("prompt|промпт|提示词|системн"),
        r"(?:affiche[rz]?|montre[rz]?|revele[rz]?|zeige?|verrate|gib|muestra|revela|mostre|mostra|rivela|toon"
        r"|покажи[а-я]{0,4}|раскрои[а-я]{0,4}|выведи[а-я]*) (?:[^ .]+ ){0,3}?(?:prompt (?:systeme|del sistema|do sistema"
        r"|di sistema)|system ?prompts?|системн[а-я]+ (?:промпт|инструкц)[а-я]*)",
    ),
    Phrase(
        SECRETS,
        words("系统提示|系統提示|システムプロンプト|시스템 프롬프트"),
        r"(?:显示|输出|泄露|告诉我|打印|透露)[^ .]{0,8}(?:系统提示|系統提示)|システムプロンプトを[^ .]{0,6}(?:表示|教え|出力)|시스템 프롬프트[^.]{0,6}(?:보여"
        r"|출력|알려)",
    ),
)
