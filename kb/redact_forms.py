"""What secrets look like as customers type them: one rule for each form, and what numbers stay.

Every pattern is bounded, so that no text takes long.
"""

import re

from kb.redact_address_forms import ADDRESSES
from kb.redact_checks import (
    DATE,
    PROMO,
    bare_order,
    begun_code,
    called_code,
    called_prefixed,
    code,
    listed_card,
    mixed_pair,
    mixed_pin,
    order,
    pair,
    phone,
    pin,
    pin_at,
    prefixed_code,
    promo,
    short_code,
    spaced_code,
    upper_code,
    worn_code,
    worn_mix,
)
from kb.redact_numbers import card_ok, iban_ok, ibanlike, long_groups
from kb.redact_order_forms import NAMED_ORDERS
from kb.redact_rule import Rule
from kb.redact_words import (
    BRAND,
    CODE_CUE,
    CODE_STATE,
    MONTH,
    NUMBER_WORD,
    ORDER_CUE,
    PIN_CUE,
    PIN_WORD,
    UNIT,
)

_AMOUNT = r"\d{1,6}(?:[.,]\d{1,3}){0,2}"
_LIST = rf"{_AMOUNT}(?:(?:,\s|\s?(?:,\s)?(?:of|or|en|and|tot|to|x|bij|by|-|–|\*|/)\s?){_AMOUNT}){{0,6}}"
_GROUPS = re.compile(r"(?<![\w@#.-])[A-Za-z0-9]{2,12}(?:(?: [-–] |[-–./_]\n?)[A-Za-z0-9]{2,12}){1,6}(?![\w@]|[-.]\w)")
_WHOLE = r"(?![\w@]|[-.]\w)"
_PIN = re.compile(r"(?i)(?<![\w.,*?#])[*?x_#.]{0,4}\d(?:[ .,/\-]?[\d*x?_#]|\.\.){2,9}(?![\w])")
_ORDER = re.compile(  # what may be an order's number
    r"(?<![\w.,-])(?:#\s?)?(?P<s>(?:[A-Za-z]{1,4}[-/_]?)?\d{1,10}(?:[-/_. ]\d{2,10}){0,3}(?:-\d)?)(?![\w])"
)
_NUMBER = r"\s?(?:no|nr|num(?:ber)?)?\b\.?\W{0,3}(?:is\s)?"
_SORT = r"\d\d[ -]?\d\d[ -]?\d\d"
_ACCOUNT = rf"\W{{1,3}}(?:(?:and|&)\s)?(?:(?:acc(?:ount|t)?|a/c)\b\.?{_NUMBER})?\d{{4}} ?\d{{4}}"
_WORD = r"[\w.+%'-]{1,64}"
_DOT = r"(?:\s?[.,]\s?|\s?[\[({](?:dot|punt)[\])}]\s?|\s(?:dot|punt)\s)"
_TLD = r"(?:com|nl|be|net|org|eu|uk|co|de|fr|ie|info|biz|io|me|shop|online|example)"
_SIGN = r"\s?(?:@{1,2}|[\[({]\s?(?:at|apenstaartje)\s?[\])}])\s?"

# In this order: what an earlier rule took, a later one does not see.
RULES = (
    Rule("email", re.compile(rf"(?<![\w.+%'-]){_WORD}\s?@{{1,2}}\s?(?:[\w-]{{1,63}}{_DOT}){{1,4}}(?i:{_TLD})\b")),
    Rule(
        "email",
        re.compile(
            rf"(?<![\w.+%'-])(?:{_WORD}\s(?:punt|dot)\s){{0,4}}{_WORD}(?i:{_SIGN})[\w-]{{1,63}}"
            rf"(?:{_DOT}[\w-]{{1,63}}(?!\w)){{0,4}}"
        ),
    ),
    Rule(
        "email",
        re.compile(
            rf"(?i)(?<![\w.+%'-])(?:{_WORD}\s(?:punt|dot)\s){{0,4}}{_WORD}\s(?:at|ape?n?staartje?)\s"
            rf"(?:[\w-]{{1,63}}{_DOT}){{1,4}}{_TLD}\b"
        ),
    ),
    Rule("", re.compile(r"(?i)\b(?:ean|isbn|gtin|barcode)\b\W{0,3}(?P<s>\d{8,14})(?!\d)")),
    Rule(
        "iban",
        re.compile(
            r"(?i)(?<!\w)[a-z]{2}[ ./_-]?\d[ ./_-]?\d(?:[ ./_-]{0,3}"
            r"[a-z0-9]){10,34}(?!\w)"
        ),
        iban_ok,
    ),
    Rule(
        "iban",
        re.compile(r"(?<!\w)(?:[a-z]{2}|[A-Z]{2}[ ./_-]?)\d[ ./_-]?\d(?:[ ./_-]{0,3}[A-Za-z0-9]){10,34}(?!\w)"),
        ibanlike,
    ),
    Rule("iban", re.compile(r"(?<![\d-])\d{3}-\d{7}-\d{2}(?![\d-])")),
    Rule("iban", re.compile(rf"(?i)\b(?:sort(?: ?code)?|s/?c)\W{{0,3}}(?:is\s)?(?P<s>{_SORT}(?:{_ACCOUNT})?)(?!\d)")),
    Rule("iban", re.compile(rf"(?<![\d-]){_SORT}\s?[/,]?\s\d{{4}}\s?\d{{4}}(?![\d-])")),
    Rule(
        "iban",
        re.compile(rf"(?i)\b(?:acc(?:ount|t)?|a/c)\.?{_NUMBER}(?P<s>\d{{4}} ?\d{{4}}|\d\d \d{{3}} \d{{3}})(?!\d)"),
    ),
    Rule("card", re.compile(r"(?<![\d.,-])\d{4}([ -])(?:\d{4}\1){3}\d{3}(?![\w]|[.,-]\d)")),
    Rule("card", re.compile(r"(?<![\d.,])\d{4}(?:, ?\d{4,6}){2,3}(?!\d|[.,]\d)"), listed_card),
    Rule("card", re.compile(r"(?<![\d+])(?!00)\d(?:[ .\-–_/\n]{0,3}\d){12,18}(?!\d)"), card_ok),
    Rule("code", re.compile(r"(?<![\d+.])(?!0)\d{3,}(?:[ .\-–_/\n]{1,3}\d{3,}){1,5}(?!\d)"), long_groups),
    Rule(
        "code",
        re.compile(
            r"(?<![\d.,+])(?:\d{4}(?:[ ./_-]\d{4}){3,5}|\d{5}(?:[ ./_-]\d{5}){2,5})(?![\w]"
            r"|[.,-]\d)"
        ),
    ),
    Rule(
        "code",
        re.compile(
            r"(?<![\w@#.-])(?:[A-Za-z0-9]{4}(?:[ \n][A-Za-z0-9]{4}){2,5}|[A-Za-z0-9]{5}(?:[ \n][A-Za-z0-9]{5}){2,5})(?!"
            r"[\w@]|-\w)"
        ),
        spaced_code,
    ),
    Rule("", re.compile(rf"(?<![\d.,-])(?:{DATE.pattern})(?:\s\d\d?[.:u]\d\d)?")),
    Rule(
        "phone",
        re.compile(
            r"(?<![\w.,+])(?:(?:\(\+\d{1,3}\)|\+\d{1,3}|00\d{1,3})[ .\-/_]{0,2}(?:\(0\d{0,4}\)[ -]?)?|\(0\d{1,4}\)|0)"
            r"(?:(?:[ .\-/_]{0,3}|\(|\) ?)\d){5,13}(?!\w)"
        ),
        phone,
    ),
    Rule(
        "phone",
        re.compile(r"(?<![\w.,+-])(?:\([2-9]\d\d\)[ .\-_]{0,2}|[2-9]\d\d[ .\-_]{1,2})\d(?:[ .\-_]{0,2}\d){6}(?!\w)"),
    ),
    Rule(
        "",
        re.compile(
            r"(?i)\b(?:product(?: ?(?:code|nummer|number|no|nr)\b)?|fout ?code|error(?: code)?|art(?!\w*(?:straat"
            r"|weg|laan|pad|hof|lei|plein|dreef|singel|steeg|ring|park|boulevard|gracht)\b)\w{0,9}\.?\s?(?:nummer"
            r"|nr|no|number)?|item(?: (?:number|no))?|model(?:len|nummer|nr|l?en)?|sku|ral(?: \w{1,6})?|iso|"
            r"versi\w*|typenummer)[.:]?\s{0,2}(?:is\s)?(?P<s>[\w.-]{0,12}\d[\w.-]{0,12})"
        ),
    ),
    Rule(
        "",
        re.compile(
            rf"(?i)(?<![\w-])(?:{BRAND})(?:[ -][\w.-]{{1,12}}){{0,2}}?[ -](?P<s>(?=[a-z.-]{{0,6}}\d)"
            rf"[\w./-]{{1,14}}(?:\s(?:(?:xt|ti|pro|max|mini|plus)\b|[a-z]{{2,4}}\d{{2,4}}[a-z]{{0,3}}))?)(?![\w-])"
        ),
    ),
    Rule(  # is 612271 the right part number
        "",
        re.compile(
            r"(?i)(?<![\w.,-])(?P<s>[a-z\d][\w.-]{2,14})(?=\s(?:\w{1,10}\s){0,3}(?:onderdeel|artikel|part|item|model|product"
            r"|type|serie)[ -]?(?:nummer|nr|number|no)\b)"
        ),
        lambda found: any(map(str.isdigit, found)),
    ),
    Rule("", re.compile(rf"(?i)(?<![\d.,-])\d{{1,2}}\s(?:{MONTH})\b\.?(?:\s(?:20)?\d\d(?!\d))?")),
    Rule(
        "pin",
        re.compile(
            r"(?i)\b(?:[a-z]{0,6}kras\w{0,8}|scratch\w{0,4})(?: ?(?:code|off))?(?:\s(?:is|was|staat|says|it))?\W{1,3}"
            r"(?P<s>[a-z\d]{2,3} ?[a-z\d]{2,5})(?![\w-])"
        ),
        worn_mix,
    ),
    Rule("pin", re.compile(r"(?i)\bpin(?:code)?(?P<s>\d(?:[ .-]?\d){2,7})(?!\w)")),
    *ADDRESSES,
    Rule(
        "pin",
        re.compile(
            r"(?<![\w@.])(?:(?=[A-Z]{0,3}\d)[A-Z0-9]{3,4} (?=[A-Z]{0,3}\d)[A-Z0-9]{3,4}"
            r"|[A-Za-z0-9]{3,4}-[A-Za-z0-9]{3,4}|(?=[A-Za-z]{1,9}\d|\d{1,9}[A-Za-z])[A-Za-z0-9]{4,10})(?!\w|[-.@]\w)"
        ),
        mixed_pin,
        PIN_WORD,
        60,
        14,
        pin_at,
    ),
    # Numbers that stay, and codes.
    Rule("code", re.compile(rf"(?<![\w@#.-])[A-Za-z0-9]{{4}}[ \n][A-Za-z0-9]{{4}}{_WHOLE}"), mixed_pair),
    Rule(  # CADEAU-97X3 GYKU, GV-NTKY.22ZJ.MXQ2
        "code",
        re.compile(
            r"(?i)(?<![\w-])(?:gift(?:card)?|cadeau(?:bon|kaart)?|kado(?:bon)?|bon|voucher|card|gv|gc|cb)-"
            r"[a-z\d]{4}(?:[ .-][a-z\d]{4}){1,4}(?!\w)"
        ),
        begun_code,
    ),
    Rule("", re.compile(rf"(?<![\w./-])(?:{PROMO.pattern})(?![\w-]|[./]\w)"), promo),
    Rule(
        "code",
        re.compile(r"(?<![\w@-])(?=[A-Z\d -]{2,14}[?*_#])[A-Z0-9]{2,4}(?:[ -]?[A-Z0-9?*_#]{1,4}){2,6}(?!\w)"),
        worn_code,
        CODE_CUE,
        60,
        30,
    ),
    Rule("order", re.compile(r"(?<![\w.,-])[A-Za-z]{1,4}[-/_]20\d\d[-/_]\d{3,8}(?!\w)")),
    Rule("order", re.compile(r"(?<![\w.,-])[A-Za-z]{1,3}-?\d{5,10}(?!\w|-\w)"), cue=ORDER_CUE, before=6),
    *NAMED_ORDERS,
    Rule("code", _GROUPS, code),
    Rule(
        "code",
        re.compile(rf"(?<![\w@#.-])[A-Za-z]{{2,8}}-[A-Za-z0-9]{{3,12}}(?:-\n?[A-Za-z0-9]{{2,12}}){{0,4}}{_WHOLE}"),
        called_prefixed,
        CODE_STATE,
        60,
        60,
    ),
    Rule(
        "code",
        re.compile(rf"(?<![\w@#.-])(?:[A-Z]{{2,8}}-)?[A-Z0-9]{{3,6}}(?:-[A-Z0-9]{{3,6}}){{1,4}}{_WHOLE}"),
        prefixed_code,
    ),
    Rule(
        "code",
        re.compile(
            rf"(?<![\w@#.-])(?:[A-Z]{{3,6}}(?:[-.][A-Z]{{3,6}}){{1,4}}|[a-z]{{3,6}}(?:-[a-z]{{3,6}}){{1,4}}"
            rf"|(?=[A-Z]{{5}}|[A-Z\d]{{2,4}}[A-Z]{{4}})[A-Z\d]{{8,20}}){_WHOLE}"
        ),
        upper_code,
    ),
    *(
        Rule(
            "code",
            re.compile(rf"(?<![\w@#.-])[A-Za-z0-9]{{{size}}}(?:[ _\n–-]{{1,2}}[A-Za-z0-9]{{{size}}}){{1,5}}{_WHOLE}"),
            called_code,
            CODE_STATE,
            45,
            40,
        )
        for size in (3, 4, 5, 6)
    ),
    Rule("code", re.compile(r"(?<![\w@#.-])(?:[A-Z]{1,4}-)?[A-Za-z0-9]{8,30}(?![\w@]|-\w)"), code),
    Rule(
        "pin",
        re.compile(
            r"(?i)(?<![\w.,€$£-])(?<![€$£]\s)\d\d\.\d\d(?![\w%]|[.,-]\d|\s?(?:euro|eur|pounds?|quid|uur|[ap]m)\b)"
        ),
        cue=PIN_WORD,
        before=27,
        after=12,
    ),
    Rule(
        "",
        re.compile(
            r"(?i)(?:€|\$|£|\beur\b)\s?\d[\d.,]{0,10}-?|(?<![\d.,-])\d{1,6}(?:[.,]\d{3}){0,2}[.,](?:\d\d|-)(?!"
            r"[\d,]|[.-]\d)"
        ),
    ),
    Rule("", re.compile(rf"(?i)(?<![\w.,-])(?:{_LIST}|\d{{1,3}}(?: 000)+) ?(?:{UNIT})(?!\w|-\w)")),
    Rule("", re.compile(r"(?i)(?<![\d.,-])\d{2,4}\s?[x*]\s?\d{2,4}(?:\s?[x*]\s?\d{2,4})?(?:\s?[cm]m)?\b")),
    # Short ones, by what stands near them.
    Rule("pin", _PIN, pin, PIN_CUE, 30, 0),
    Rule("code", _GROUPS, short_code, CODE_CUE, 40, 30),
    Rule("code", re.compile(r"(?<![\w@#.-])[A-Za-z0-9]{4} [A-Za-z0-9]{4}(?![\w@]|-\w)"), pair, CODE_CUE, 40, 30),
    Rule(
        "code",
        re.compile(r"(?<![\w@#.-])(?=[A-Za-z]{0,29}\d|[A-Za-z]{8})[A-Za-z0-9]{6,30}(?![\w@]|-\w)"),
        short_code,
        CODE_CUE,
        40,
        30,
    ),
    Rule("code", re.compile(rf"(?<![\w@#.-])[A-Za-z]{{6,30}}{_WHOLE}"), called_code, CODE_STATE, 45, 30),
    Rule("pin", re.compile(rf"(?i)\b{NUMBER_WORD}(?:[ ,-]{{1,2}}{NUMBER_WORD}){{3,9}}\b")),
    Rule("order", _ORDER, order, ORDER_CUE, 32, 0),
    Rule("code", re.compile(r"(?<![\d.,€#+])\d(?:[ .-]?\d){5,23}(?!\d|[.,]\d)"), cue=CODE_CUE, before=40, after=0),
    Rule("code", re.compile(r"(?<![\d.,€#+])\d(?:[ -]?\d){9,23}(?!\d|[.,]\d)"), lambda found: not DATE.match(found)),
    Rule("order", _ORDER, order, ORDER_CUE, 0, 40),
    Rule("pin", _PIN, pin, PIN_CUE, 60, 40),
    Rule("order", re.compile(r"#\s?(?!(?:19|20)\d\d\b)(?P<s>(?=[A-Z0-9-]{0,12}\d{4})[A-Z0-9-]{4,24})\b")),
    Rule(
        "order",
        re.compile(r"(?<![\w.,€-])(?:[A-Za-z]{1,4}[-/_]?(?:20\d\d[-/_])?)?\d{6,12}(?![\w]|[.,]\d)"),
        bare_order,
    ),
    Rule("order", re.compile(r"(?<![\w.,€-])\d{3}([. ])\d{3}\1\d{3}(?![\w]|[.,-]\d)"), bare_order),
)
