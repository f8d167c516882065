# ruff: noqa: E501 - lists of spellings and words are read more easily in long lines
"""Words that messages with secrets, and harmless ones, are made of; pairs are (for developing, held out)."""

DIGIT_WORDS = {
    "nl": "nul een twee drie vier vijf zes zeven acht negen".split(),
    "en": "zero one two three four five six seven eight nine".split(),
}
MAIL_NAMES = (
    "jan.jansen", "sofie_peeters", "mvdberg", "k.devries", "anneke1975", "lotte", "t.o.m", "pietje-puk", "el.hamdi", "josé.garcía",
    "rené", "wim.van.den.broeck", "x_lisa_x", "bakkerij.smit", "mary-jane", "j", "oconnor", "dr.house", "sarah.kelly", "müller",
)  # fmt: skip
FREE_MAIL = ("gmail.com", "hotmail.com", "outlook.com", "telenet.be", "ziggo.nl", "live.nl", "icloud.com", "yahoo.co.uk", "proximus.be")
STREETS = {
    "nl": (
        ("Kerkstraat", "Prins Hendrikkade", "Bovenkerkseweg", "Oudegracht", "Grote Markt", "Lange Nieuwstraat", "De Boomgaard", "Achterom",
         "'t Hoekje", "Laan van Meerdervoort", "2e Jan Steenstraat", "Sint-Jansplein", "Steenweg op Gierle", "Koning Albertlaan", "Molenwal",
         "Vrijdagmarkt", "Vlaamsekaai", "Brouwersvliet", "Meent", "Burgemeester Vos de Waelstraat"),
        ("Dorpsstraat", "Nieuwezijds Voorburgwal", "Keizersgracht", "Stationsplein", "Oude Markt", "Korte Vliet", "De Dreef", "Onderlangs",
         "'s-Gravendijkwal", "Laan op Zuid", "1e Helmersstraat", "Sint-Pietersnieuwstraat", "Antwerpsesteenweg", "Leopold II-laan", "Zandpad",
         "Veemarkt", "Scheldestraat", "Jozef Plateaustraat", "Coolsingel", "Van Eeghenlaan"),
    ),
    "en": (
        ("Baker Street", "Abbey Road", "Kings Road", "Elm Grove", "Rose Cottage Lane", "The Crescent", "Market Place", "Station Road",
         "High Street", "Mill Lane", "Church Walk", "St. John's Terrace", "Oak Avenue", "Park View", "Queen's Gardens", "Kerkstraat",
         "Oudegracht", "Main St", "Fifth Ave", "Sunset Blvd"),
        ("Fleet Street", "Victoria Road", "Orchard Close", "Castle Hill", "Manor Drive", "The Green", "Bridge Row", "London Road",
         "O'Connell Street", "Harbour Court", "Meadow Way", "St Mary's Mews", "Cedar Rise", "Quay Side", "Albert Square", "Dorpsstraat",
         "Keizersgracht", "Pine St", "Third Ave", "Ocean Dr"),
    ),
}  # fmt: skip
BELGIAN_CITIES = (
    ("Gent", "Antwerpen", "Leuven", "Brugge", "Hasselt", "Sint-Niklaas", "Aalst", "Oostende", "Brussel", "Lier"),
    ("Mechelen", "Kortrijk", "Genk", "Turnhout", "Dendermonde", "Roeselare", "Deinze", "Halle", "Mol", "Knokke-Heist"),
)
PROMO = (
    ("HALLO", "WELKOM", "ZOMER", "LENTE", "BLACKFRIDAY", "KERST", "SALE", "SUMMER", "WELCOME", "KORTING"),
    ("MOEDERDAG", "VRIENDEN", "BEDANKT", "NIEUWJAAR", "THANKYOU", "FRIENDS", "XMAS", "SPRING", "GRATIS", "VIP"),
)
MODELS = (
    ("iPhone 15", "iphone 15 pro max 256gb", "Galaxy S23", "PS5", "WH-1000XM5", "RTX 4070", "Philips HD9650", "Bosch GSR 12V-15", "Dyson V11",
     "A4", "LG OLED55C34LA", "Sonos One gen 2", "KALLAX 77x147", "IdeaPad 3 15IAU7", "HP 305XL", "Brother LC-3219XL", "Canon PG-545XL",
     "Miele TWF500WP", "Samsung WW90T534AAW", "LG 27GP850"),
    ("iPhone 14 mini", "Pixel 8a", "Xbox Series X 1TB", "Sony KD-55X85L", "RX 7800 XT", "DeLonghi ECAM22.110.B", "Makita DDF482RTJ",
     "Fenix 7X", "Epson 603XL", "AirPods 2", "Nikon Z50", "Tefal GC712D", "AEG LR7586UD4", "Samsung QE55Q60C", "Philips EP2231/40", "A5"),
)  # fmt: skip
FITTINGS = (("E27", "E14", "GU10", "G9", "R7s"), ("GU5.3", "B22", "G4", "MR16", "T8"))
MONTHS = {
    "nl": "januari februari maart april mei juni juli augustus september oktober november december".split(),
    "en": "january february march april may june july august september october november december".split(),
}
GREETINGS = {
    "nl": ("hallo, ", "Hoi! ", "goedemorgen ", "Beste, ", "dag ", "Hey, vraagje: ", "Goedenavond. ", "help! "),
    "en": ("hi, ", "Hello! ", "good morning ", "Dear team, ", "hey ", "Quick question: ", "Good evening. ", "help! "),
}
ENDINGS = {
    "nl": (" alvast bedankt", " mvg", "\ngroetjes Els", " dank u", "!!", " hoe kan dat?", ". Ik hoor het graag.", " 😡"),
    "en": (" thanks in advance", " cheers", "\nregards Ann", " thank you", "!!", " how come?", ". Let me know.", " 😡"),
}
