"""What addresses look like as customers type them: postcodes, boxes, flats, streets, houses with names."""

import re

from kb.redact_european import EUROPEAN, EUROPEAN_TOWNS, THEN_FIVE
from kb.redact_names import bare_street_at, belgian_at, dutch_at, house_at, named_at, named_town, unit_at
from kb.redact_rule import Rule
from kb.redact_streets import GLUED, HOUSE, NOT_COUNTED, glued_at, street_at
from kb.redact_towns import POSTCODE_AREA, STATE
from kb.redact_words import ADDRESS_CUE, EIRCODE, ENGLISH_END, HOUSE_NAME, NO_POSTCODE, NO_UNIT, UNIT

_POSTCODE = (
    r"[1-9]\d{3}(?:(?:\s{0,2}|-)(?!SA|SD|SS|WA|KG|CM|MM|ML|GB|KW|OF|OP|IN|IS|IK|OR|ON|TO|UK|US)[A-Z]{2}\b|"
    rf"(?:\s{{1,2}}|-)(?!(?:{NO_POSTCODE})\b)[a-z]{{2}}\b|(?!(?:{NO_UNIT})\b)[a-z]{{2}}\b)"
)
# Without a space only of an area that there is: AF300EU is a product's.
_BRITISH = (
    rf"(?:[A-Za-z]{{1,2}}\d[A-Za-z\d]?(?:\s{{1,2}}|-)|(?i:{POSTCODE_AREA})\d[A-Za-z\d]?)"
    r"\d(?!(?:gb|tb|st|pk|wh)\b)[ABD-HJLNP-UW-Zabd-hjlnp-uw-z]{2}\b"
)
# One that ends like a measure, as s64 7tb: where its area has two letters it is none (s24 1tb is a phone's).
_LIKE_A_SIZE = rf"(?i:{POSTCODE_AREA})\d[a-z\d]?\s?\d(?:gb|tb|st|pk|wh)\b"
_BEHIND = (  # a house's number
    r"(?:\s(?:(?:huis)?nummer\s|nr\.?\s)?\d{1,4}[a-zA-Z]?\b(?:-[IVXivx]{1,4}\b|[-/]\d{1,4}\b)?"
    rf"(?:\s(?:hs|bis|\d?-?hoog)\b)?{NOT_COUNTED})?"
)
_THEN = (  # a postcode
    r"(?:\s?[,.]\s{0,2}|\s{1,2})[1-9]\d{3}\s{0,2}[a-z]{2}\b|\s?(?:,|[-–]|\()\s?[1-9]\d{3}(?:\s?[A-Za-z]{2})?\b"
    rf"|{THEN_FIVE}"
)
_NAME = r"['’]?[^\W\d_][\w'’.-]{0,30}"

ADDRESSES = (
    Rule("address", re.compile(rf"(?<![\w-])(?:NL-\s?)?{_POSTCODE}(?:,?\s{{1,3}}(?!PIN)[A-Z][\w-]{{1,30}})?{_BEHIND}")),
    Rule("address", re.compile(r"(?<![\w.,-])[1-9]\d{3}\s{0,2}[A-Za-z]{2}\b"), widen=dutch_at),
    Rule("address", re.compile(r"\((?P<s>[1-9]\d{3}\s?[A-Za-z]{2})\)")),
    Rule("address", re.compile(r"(?<![\w.,-])[1-9]\d{3}\.(?!(?i:nl|be|eu|de)\b)(?:[A-Z]{2}|[a-z]{2})\b(?!\.?\w)")),
    Rule(
        "address",
        re.compile(
            r"(?i)(?<![\w.,-])[1-9]\d{3}\s?[a-z]{2}\s(?:nr\.?|huisnummer)\s\d{1,4}[a-z]?\b(?:\s(?:hs|bis)\b"
            r"|-\d{1,3}\b)?"
        ),
    ),
    Rule(
        "address", re.compile(r"(?i)\b(?:postcode|post code|eircode)\W{1,2}(?:is\s)?(?P<s>[a-z]\d[\dw]\s?[a-z\d]{4})\b")
    ),
    Rule(
        "address",
        re.compile(
            r"(?<![\w.,-])[1-9]\d{3}\s?(?:[A-Z]{2}|[a-z]{2}(?=\s(?:nr\.?\s|huisnummer\s)?\d{1,4}[a-z]?\b))\b" + _BEHIND
        ),
        cue=ADDRESS_CUE,
        before=30,
    ),
    Rule("address", re.compile(rf"(?<![\w-])(?:{_BRITISH}|{EIRCODE})(?!-\w){_BEHIND}")),
    Rule("address", re.compile(rf"(?<![\w-])(?=[a-z]{{2}}){_LIKE_A_SIZE}")),
    Rule("address", re.compile(rf"(?<![\w-]){_LIKE_A_SIZE}"), cue=ADDRESS_CUE, before=60),
    Rule("address", re.compile(rf"(?<![\w-])(?:(?:{STATE}),?|(?<=, )(?i:{STATE}))\s\d{{5}}(?:-\d{{4}})?(?![\w-])")),
    Rule(
        "address",
        re.compile(
            rf"(?<![\w.,-])(?P<s>(?:B-?\s?|b-)?[1-9]\d{{3}}(?:\s{{1,2}}|,\s?|\s[-–]\s)"
            rf"['’]?[^\W\d_][\w'’-]{{1,30}}{_BEHIND})"
        ),
        widen=belgian_at,
    ),
    Rule(
        "address",
        re.compile(
            rf"(?<![\w.,-])[1-9]\d{{3}}\s(?!en|of|de|te|we|ze|ik|is|al|om|kg|cm|mm|km|st|gr)[a-z]{{2}}\b{_BEHIND}"
        ),
        cue=ADDRESS_CUE,
        before=14,
    ),
    Rule("address", re.compile(r"(?<![\w-])[Bb]-[1-9]\d{3}\b(?:\s[A-Z][\w-]{0,30})?")),
    Rule(  # where something goes: a Belgian postcode with a town that no list has
        "address",
        re.compile(
            r"(?i)\b(?:lever\w{0,8}|bezorg\w{0,8}|stu+r\w{0,4}|verzend\w{0,4}|woon\w{0,5}|verhuis\w{0,3}|deliver\w{0,4}"
            r"|ship(?:ping)?|moved)(?:\s[a-z]{1,12}){0,4}?\s(?:naar|in|te|to)\s"
            r"(?P<s>(?!(?:19|20)\d\d\s)[1-9]\d{3}\s[^\W\d_]{4,20})\b"
        ),
        named_town,
    ),
    Rule(
        "address",
        re.compile(
            r"(?i)\b(?:pick-?up point|parcel ?shop|afhaalpunt|winkel|filiaal|store|shop)\b.{0,20}?"
            r"\b(?:near|in|by|bij|nabij|van|rond)\s(?P<s>(?!(?:19|20)\d\d)[1-9]\d{3})(?!\s?\w|[.,:]\d)"
        ),
    ),
    Rule(  # 9987 Gaurain-Ramecroix nr 85
        "address",
        re.compile(
            r"(?i)(?<![\w.,-])[1-9]\d{3}\s(?:[a-z]{2}\s)?[^\W\d_][\w'’-]{2,25}\s(?:nr\.?|huisnummer)\s\d{1,4}[a-z]?\b"
        ),
    ),
    Rule("address", re.compile(rf"(?i)(?<![\w'’.-]){GLUED}{NOT_COUNTED}"), widen=glued_at),
    Rule(
        "address",
        re.compile(
            r"(?i)\b(?:postcode|post ?code|zip(?: ?code)?)\W{1,3}(?:is\s|=\s?)?(?P<s>[1-9]\d{3}(?:\s?[a-z]{2}|\d)?)\b"
        ),
    ),
    Rule(
        "address",
        re.compile(rf"(?i)\bplein\s(?:19\d\d|'?\d\d-'?\d\d),?\s(?:nr\.?\s|(?:huis)?nummer\s)?{HOUSE}{NOT_COUNTED}"),
    ),
    Rule("address", re.compile(r"(?i)\b(?:postbus|po box|p\.o\. box|antwoordnummer)\s?(?:nr\.?\s?)?\d{1,6}\b")),
    Rule(
        "address",
        re.compile(
            rf"(?<![\w'’.-])['’]?[^\W\d_][\w'’.-]{{0,40}},?[ \t](?i:flat|unit|apt"
            rf"|apartment)\s\w{{1,4}},?[ \t]{HOUSE}{NOT_COUNTED}"
        ),
        widen=street_at,
    ),
    Rule(
        "address",
        re.compile(
            r"(?i)(?<![\w#-])(?:(?:flat|unit|apt|apartment|suite|studio)\b\.?\s(?:no\.?\s)?#?(?:\d{1,4}[a-z]?"
            r"|[a-h])|#\d{1,4}(?=,?\s\d{1,5}\s[A-Za-z]{3}))\b"
        ),
        widen=unit_at,
    ),
    *EUROPEAN,
    Rule(
        "address",
        re.compile(
            r"(?<![\w.,:€$£/-])\d{1,5}[a-zA-Z]?(?:[-/]\d{1,3})?(?:,?\s|\s,\s)(?:[\w'’.-]{1,30}\s){0,3}"
            r"[\w'’-]{2,30}\b\.?"
        ),
        widen=street_at,
    ),
    Rule(
        "address",
        re.compile(rf"(?<![\w.,:€$£-])\d{{1,4}}[a-zA-Z]?,?\s(?!(?i:{UNIT})\b){_NAME}(?:\s{_NAME}){{0,2}}"),
        widen=bare_street_at,
    ),
    Rule(
        "address",
        re.compile(
            rf"(?<![\w'’.-])(?P<s>['’]?[^\W\d_][\w'’.-]{{0,40}}(?:[ \t]?[,;][ \t]{{0,2}}|[ \t]{{1,2}})"
            rf"(?:(?i:nr|no|(?:huis)?nummer|number)\.?\s?)?{HOUSE}(?:{_THEN})?){NOT_COUNTED}"
        ),
        widen=street_at,
    ),
    Rule(
        "address",
        re.compile(rf"(?<![\w'’.-])(?:{_NAME}[ \t]){{1,3}}(?i:{HOUSE_NAME})(?=,\s|\n)"),
        widen=house_at,
    ),
    Rule(
        "address",
        re.compile(r"(?<![\w'’.-])[Tt]he [Oo]ld (?:[\w'’-]{3,20}[ \t]){0,1}[\w'’-]{3,20}(?=,\s|\n)"),
        widen=house_at,
    ),
    Rule("address", re.compile(rf"(?<![\w'’.-])[A-Z][a-z]{{2,12}}(?:{ENGLISH_END})(?=,\s|\n)"), widen=house_at),
    Rule("address", re.compile(rf"(?<![\w'’.-]){_NAME}(?:[ \t]{_NAME}){{0,3}}(?=,\s)"), widen=named_at),
    *EUROPEAN_TOWNS,
)
