"""Words that tell a secret from an ordinary number: streets, places, units, and what a number is called."""

import re

from kb.redact_typos import slips

# Ends of Dutch and Flemish street names.
DUTCH_STREET = (
    r"straat|straatje|laan|weg|plein|steeg|dreef|kade|kaai|singel|gracht|lei|dijk|pad|hof|baan|markt|park|plantsoen|"
    r"(?:oost|west|noord|zuid)einde|vest|ring|berg|veld|dam|wal|str|vliet|burgwal|boulevard|allee|hage|haven|brink"
    r"|poort|donk|"
    r"oever|werf|tuin|rei|plaats|hoek|kant|akker|kamp|heide|oord|"
    # German and Scandinavian ones
    r"stra(?:ss|ß)e|platz|gasse|damm|ufer|steig|stieg|graben|chaussee|promenade|siedlung|höhe|pfad|zeile|all[eé]|"
    r"(?<!bri)gade|vej|stræde|torv|gatan|vägen|gränd|torget|gata|veien|vegen|katu"
)
# Last words of English street names: the usual ones of Royal Mail's and of Publication 28 of the US Postal Service.
ENGLISH_STREET = (
    r"streets?|roads?|avenues?|lanes?|crescents?|terraces?|boulevards?|grove|gardens?|mews|st|rd|ave|ln|blvd|alley"
    r"|highway|"
    r"parkways?|expressway|freeway|turnpike|motorway|cul-de-sac"
)
# Last words that are ordinary words too: they need a capital, or a word like "deliver" before them.
WEAK_STREET = (
    r"annex|approach|arcade|broadway|bayou|beach|bend|bluffs?|bottom|branch|bridge|brooks?|burgs?|bypass|camp"
    r"|canyon|cape|causeway|"
    r"cent(?:er|re)s?|circles?|cliffs?|close|club|common|corners?|course|courts?|coves?|creek|crest|crossing|"
    r"crossroad|curve|dale|dam|divide|drives?|dr|estates?|extensions?|falls?|ferry|fields?|flats?|fords?|forest"
    r"|forges?|"
    r"forks?|fort|gateway|glens?|greens?|groves|harbors?|harbours?|haven|heights|hills?|hollow|inlet|islands?|isle|"
    r"junctions?|keys?|knolls?|lakes?|land|landing|lights?|loaf|locks?|lodge|loop|mall|manors?|meadows?|mills?|"
    r"mission|mount|mountains?|neck|orchard|oval|overpass|parade|parks?|pass|passage|paths?|pike|pines?|places?|"
    r"plains?|plaza|points?|ports?|prairie|quay|radial|ramp|ranch|rapids?|rest|ridges?|rise|river|roads|route|row|"
    r"rue|run|shoals?|shores?|side|skyway|springs?|spurs?|squares?|station|strand|stravenue|streams?|streets|summit|"
    r"throughway|trace|track|trafficway|trail|tunnel|underpass|unions?|valleys?|via|viaduct|views?|villages?|ville|"
    r"vista|wall|walks?|ways?|wells?|wharf|yard"
)
# Last words of the names that British and Irish houses have instead of a number.
HOUSE_NAME = (
    r"cottages?|house|lodge|barns?|farm|farmhouse|vicarage|rectory|bungalow|hall|manor|villas?|grange|priory|chapel|"
    r"schoolhouse|gatehouse|courtyard|mill|croft|stables|granary|towers?|mansions?|chambers|end|view|mara|corner|"
    r"acre|nook|dairy|court|flat|block|cottage|barns|parsonage|manse|chalet|oast|byre|forge|smithy"
)
# Ends of English street names in one word, of the kind of Eastgate and Woodlands.
ENGLISH_END = (
    r"gate|lands?|side|fields?|banks?|dale|mead|meadows?|crofts?|holme?s?|woods?|garth|hurst|ley|combe|thorpe|bury|"
    r"ford|way|acres?|view|ridge|hill|crest|brook|bourne|mount|moor|cliffe?|ham|ton|wick|well|worth|beck|burn|shaw|"
    r"leigh|stead|grove|park|heath|town|church|bridge|ings?|more|mill|water|lea|lawns?|gates|cote"
)
# Two letters that follow four digits and are no postcode's.
NO_POSTCODE = (
    r"sa|sd|ss|wa|kg|gr|cm|mm|ml|cl|dl|km|gb|mb|tb|kb|kw|mw|hz|lm|pk|wh|kv|bv|nv|en|de|te|we|ze|je|al|er|he|ge|"
    r"pm|am|mg|xl|be|eu|nr|ex|st|nd|rd|th|at|as|an|he|me|we|mn|zn|ca|pt|px|md|"
    r"of|op|in|is|it|ik|om|on|or|so|to|up|us|uw|uk|if|do|go|no|my|by|nu|zo|ok|na|al|dd|ff|ft|oz|ja|jo|mi|im|id|ie"
    r"|ip|vs|tm"
)
# Ireland's postcodes: a routing key and four signs, of which a word has other letters.
EIRCODE = (
    r"(?:[A-Z]\d[\dW][\s-]?(?:(?=[A-Z]{0,3}\d)[A-Z\d]{4}|[AC-FHKNPRTV-Y]{4})|"
    r"[a-z]\d[\dw](?:[a-z\d]{4}|\s(?=[a-z]{0,3}\d)[a-z\d]{4}))\b"
)
NUMBER_WORD = (
    r"(?:nul|een|één|twee|drie|vier|vijf|zes|zeven|acht|negen|zero|one|two|three|four|five|six|seven|eight|nine)"
)
NO_UNIT = (
    r"kg|gr|cm|mm|ml|cl|dl|km|gb|mb|tb|kb|kw|mw|hz|lm|pk|wh|kv|mg|xl|st|nd|rd|th|de|px|ft|fl|oz|hp|ii|iu|in|if|of|op|or"
)
UNIT = (
    r"euro'?s?|eur|cent|dollars?|pounds?|quid|pence|procent|percent|%|°c?|graden|degrees|"
    r"k?m[²2³]?|cm|mm|dm|ml|cl|dl|liters?|litres?|kg|kilo'?s?|g|gr|grams?|mg|inch|watt|w|kw|kwh|wh|volt|v|mah|ah"
    r"|lumens?|lm|kelvin|k|hz|khz|"
    r"mhz|ghz|gb|mb|tb|pk|bar|meters?|metres?|kilometers?|miles?|"
    r"stuks?|keer|maal|times|pieces?|punten|points|"
    r"dag|dagen|days?|week|weken|weeks?|maand\w*|months?|ja+r|jarige?|years?|uur|uren|u|hours?|min|minuten"
    r"|minutes?|sec|seconden|"
    r"uhr|stunden|stück|termijn(?:en)?|instal+ments?|payments?|betalingen|"
    r"artikelen|items|bestellingen|orders|cadeaubonnen|cadeaukaarten|bonnen|kaarten|gift cards|vouchers|lampen|lamps|"
    r"stoelen|chairs|tafels|tables|dozen|boxes|pakken|packs|personen|people|werkdagen|working days"
)
MONTH = (
    r"jan(?:uar[iy])?|feb(?:ruar[iy])?|maart|mrt|mar(?:ch)?|apr(?:il)?|mei|may|jun[ie]?|jul[iy]?|aug(?:ust(?:us)?)?|"
    r"sept?(?:ember)?|o[ck]t(?:ober)?|nov(?:ember)?|dec(?:ember)?"
)
BRAND = (
    r"samsung|levi'?s|lg|sony|philips|bosch|miele|siemens|aeg|apple|iphone|ipad|galaxy|pixel|makita|dewalt|canon|nikon|epson|"
    r"brother|hp|dell|lenovo|ideapad|asus|acer|tefal|krups|de'?longhi|dyson|braun|bose|sonos|jbl|garmin|fenix"
    r"|ikea|kallax|"
    r"xbox|playstation|nintendo|whirlpool|beko|bauknecht|indesit|panasonic|hisense|tcl|xiaomi|huawei|oppo|motorola|"
    r"oneplus|airpods|microsoft|logitech|intel|amd|nvidia|rtx|gtx|rx|windows|ryzen|electrolux|liebherr|zanussi"
    r"|hoover|rowenta|ninja|thinkpad|smeg|nespresso|roomba|fitbit|gopro|anker|sennheiser|kindle|kärcher|karcher|stihl"
    r"|ryobi|bissell|moulinex|kitchenaid|fujifilm|instax|dji|tomtom|oral-?b|babyliss|macbook|imac|chromebook|kobo"
    r"|razer|msi|benq|viewsonic|breville|morphy richards|russell hobbs|kenwood(?= [a-z]{2,4}\d)|sage(?= [a-z]{2,4}\d)"
    r"|shark(?= [a-z]{2,4}\d)|severin|inventum|princess|bestron|tp-link|netgear|synology|wd|seagate|sandisk"
)
# What comes before a number that is none of a house.
COUNTED = frozenset(
    """maat maten size sizes stap step rij row stoel seat pagina page versie version wifi bluetooth usb windows iphone
    ipad galaxy android ios ps klasse class punt point nummer number nr no code pin type model artikel item deel
    part level niveau verdieping floor serie gen pro max mini until til before after by valid geldig work werk plus
    year years jaar week weken dag dagen uur keer maal korting discount bestelling order pakket factuur invoice bon
    kaart card voucher tel gsm euro eur ral iso zone lijn kamer room bus trein train perron top black friday
    blackfriday maandag dinsdag woensdag donderdag vrijdag zaterdag zondag monday tuesday wednesday thursday
    saturday sunday error fout foutcode sinds since tussen between boven above vanaf about ongeveer circa around
    only maar alleen nog dan pas reeds half kwart quarter hoogte breedte diepte height width depth
    aantal quantity qty""".split()
)
# Words that are no part of a street's name.
STOP = (
    frozenset(
        """ik je u we wij ze zij hij de het een en of maar want dat dit die deze wat wie waar hoe is was ben bent zijn
        heb heeft hebben had word wordt worden kan kunnen kun wil willen mag moet moeten zal zou naar op aan bij in te
        tot uit voor van met om als dan ook nog niet geen wel al er hier daar mijn mn m'n jouw uw hun onze ons mij me
        woon woont wonen woonachtig sta staat ligt adres bezorgadres verzendadres adreswijziging afleveradres
        factuuradres postcode bezorgd bezorgen geleverd leveren levert afgeleverd verhuisd verhuis stuur sturen graag
        aub pakje pakket buren hallo hoi hey goedemorgen goedenavond beste dag help vraagje
        onderweg halverweg snelweg afhalen werk
        i you he she it they we the a an and or but that this these what who where how are were am be been have has
        had will would can could may must to at on in from of for with if then also not no my your our their his her
        me us live lives standing stand address delivery shipping deliver delivered ship shipped moved move send sent
        please parcel package left neighbours neighbors hello hi good morning evening dear team quick
        question pick up pickup rang driver invoice should say there here is its it's im i'm zit
        near nearby mum mom dad mother father parents sister brother friend moeder vader mam pap ouders zus broer
        vriend vriendin oma opa buurt details gegevens
        nummer straat ipv i.p.v. i.p.v instead""".split()
    )
    | COUNTED
)
# Words of a message that no place begins with, on top of those that no street has.
NO_PLACE = STOP | frozenset(
    """thanks thank thx ta cheers regards kind best sincerely yours bye bedankt dank dankje dankjewel groet groeten
    groetjes grtjes grtz mvg alvast vriendelijke vr gr asap today tomorrow yesterday tonight vandaag morgen gisteren
    vanavond nieuw nieuwe new old oude oud again opnieuw weer wrong fout verkeerd mistake error ok oke okay yes ja
    nee so but because since while when where which who than therefore dus omdat terwijl wanneer waar die dat toch
    anyway actually instead still never always already nobody nothing derde tweede eerste third second first left
    right links rechts thuis home bell bel ring call wrong klopt correct right pls plz svp aub alstublieft late laat
    koop huur gone missing kwijt zoek verdwenen tel tell phone mobile mob email mail telefoon gsm mobiel naam name
    order orders bestelling ordernummer bestelnummer pin code wel zie see via per tegenover naast opposite behind
    achter voorheen previously formerly tussen between after before every each both all some any it's its dont don't
    doesn't isn't wasn't wont won't cant can't didn't het het't tnv t.n.v tav t.a.v attn btw pm am mr mrs ms mevr
    dhr mevrouw meneer orde plaats rekening gevonden terug bedankt werkt klopt geeft doet zegt bestaat staat invul
    geen krijg kreeg moet mag
    doorgegeven opgegeven
    ingevuld ingevoerd ingetypt vermeld works does says gives exists shows invalid ongeldig graag daar
    hier there here""".split()
)
ADDRESS_CUE = re.compile(
    r"(?i)ad+r|woon|woont|\bwohn|\blive|\bliving|verhui|mov(?:ed|ing)|\bsta hier|standing|b[ea]z+or|lever|deliver|stu+r"
    r"|send|huis|house|place|deur\b|door\b|front|wrote|geschreven|wijzig|change|wo+nen|ophal|gelieve|courier"
    r"|\bleft\b|"
    r"\bship|ver?zend|afhal|pick|collect|buren|neighbo|belde|rang|factuur|invoice|bewoner|pakje|pakket|parcel"
    r"|package|post|\bzit|buurman|buurvrouw|\bstreet\b|\bhanded|koerier|\b(?:my|mijn|mn) (?:mum|mom"
    r"|dad|sister|brother|son|daughter|work|zus|broer|zoon|dochter|werk)|chauffeur|aangekomen"
    r"|t\.a\.v|\bc/o|\bstond|return"
    r"|\baccount|opgegeven|ingevuld|ingevoerd"
    r"|entered|\bform\b|accept|\bvalid|leave|called|heet"
)
_PINCODE = slips("pincode")
PIN_CUE = re.compile(
    rf"(?i)\b(?:(?:{_PINCODE})\b|"
    r"p[iy]n+(?:[ -]?[ck]\w{1,6}|nummer|nr|number)?\b|p[a-z]{0,4}ode?\b|be?v\w{4,14}|be\w{4,12}ings?co|"
    r"s\w{2,5}ity\b|cvc|cvv|k\w{0,4}s(?:laag|vak|veld|co\w{1,3})|kras\w*|sc[a-z]{2,7}(?= code| panel| layer| off)|"
    r"scratch\w*|toegang\w*|pass ?c\w{1,4}|verif\w*|inlog\w*|log-?in\b|sign-?in|sms\b|text(?:ed)?\b|otp\b|puk|"
    r"geh\w{2,4}m|secret|c[a-z]{2,4}fers?\b|dig[a-z]{1,4}\b|wacht\w?wo|passw|ontgren|unlock|eenmalig|one[- ]time|"
    r"vak\b|onleesba|unread)|"
    r"cod\w{0,2}\b(?<!foutcode)(?<!error code)(?<!productcode)(?<!product code)(?<!kleurcode)(?<!ingscode)"
    r"(?<!actiecode)(?<!postcode)(?<!promo code)(?<!promocode)(?<!discount code)(?<!discountcode)"
)
# Of PINs alone: of what is near "code" a number with a point in it is more often a price.
PIN_WORD = re.compile(
    r"(?i)\bp[iy]n+(?:[ -]?(?:c\w{1,5}|nummer|number|numer|no|nr))?\b(?!\s(?:bet|pay|te\b|kan))|"
    r"\b(?:kras|scratch)\w*(?: off)?(?: code)?|\b(?:security|beveiligings|veiligheids)[ -]?codes?\b|"
    rf"\b(?:{_PINCODE})\b"
)
ORDER_CUE = re.compile(
    rf"(?i)\b(?:(?:{slips('order')})(?:s|nr|num\w*|no|id)?\b|"
    r"b\w{0,2}ste?l\w*|b[a-z]{2,6}ling|ord|pak+et|zending|track|trace|ret\w{0,2}u|fac\w{0,3}u+r|invoi|klant|"
    r"cust?om|parcel|packag|ref\b\.?|referen|(?!norma)n[a-z]{1,3}m[a-z]{0,4}\b|nr\b|id\b|shipment|status|betreft|re\b)\w*|"
    r"num+er|order|nr\b"
)
CODE_CUE = re.compile(
    r"(?i)\be?-?(?:card|gi?ft|cad\w{0,3}au|kado|tegoed|waarde|geschenk|saldo|balance|redeem|inwissel|te wissel"
    r"|verzilver|ongeldig|invalid|kras|scratch|serie|"
    r"serial|activ|credit)\w*|cod\w{0,3}\b|bon(?:nen|nr|num\w*)?\b|kaart\w*|vouch\w*"
)
# Where people write that a code was tried: of what is near these, only what is no word is one.
CODE_STATE = re.compile(
    r"(?i)\be?-?(?:redeem|redempt|inwissel|ingewissel|verzilver|us(?:ed|e|ing)\b|gebruikt?|invalid|ongeldig|expired"
    r"|verlopen|coupon|"
    r"certificate|geactiveer|geblokkeer|blocked|reject|accept|geweiger|herken|recogni|e-?gift|"
    r"vouch|gift|kado|cadeau|tegoed|waarde|saldo|balance|credit|afreken|checkout|left on|er (?:nog )?op|enter|vul"
    r"|typ|activ|kras|scratch)\w*|code|bon\b|bonn|kaart|card|vouch"
)
# After each letter the ones that follow it in words of Dutch and English: counted in the words of this repository's
# texts, docs and data (some 9,700); of those of six letters or more, 1 in 1,500 has two pairs that are not here.
LETTER_PAIRS = dict(
    zip(
        "abcdefghijklmnopqrstuvwxyz",
        """abcdefghijklmnprstuvwxyz abcdeijlorstuy acehiklorstuy abdefgijklmnoprstuvwy abcdefghijklmnopqrstuvwxyz
        adefghilmorstuyz abcdeghiklmnoprstuyz adeimnorstuy abcdefgjklmnoprstuvxz abdefghiklnopstuvz abdeghijklmnorstuwy
        abcdefgiklmnopstuvwy abdegilmnoprstuy abcdefghijklmnoprstuvwyz abcdefghiklmnoprstuvwxyz adefghijklmnoprstuyz lu
        abcdefghijklmnoprstuvwyz abcdefghijklmnopqstuvwy abcdefghijklmnoprstuvwyz abcdefgiklmnoprstuvwxyz aeiloru
        adehilnors abcefimptx abcdeimnopstw aeiouwz""".split(),
        strict=True,
    )
)
