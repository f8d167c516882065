"""Names of towns and of what they lie in: with one of them behind it, a number or a name is an address."""

import re

# Municipalities and larger places; two words are joined with "_".
_DUTCH = """
aalsmeer aalten achtkarspelen alblasserdam alkmaar almelo almere alphen_aan_den_rijn alphen ameland amersfoort
amstelveen amsterdam apeldoorn appingedam arnhem assen asten baarle-nassau baarn barendrecht barneveld bergeijk bergen
bergen_op_zoom berkelland berkel_en_rodenrijs best bernheze beverwijk bilthoven bladel blaricum bloemendaal bodegraven
bolsward borger borne borculo boskoop boxmeer boxtel breda brielle brummen brunssum bunnik bunschoten bussum
capelle_aan_den_ijssel capelle castricum coevorden cranendonck cuijk culemborg dalfsen de_bilt delft delfzijl
den_bosch den_burg den_haag 's-gravenhage den_helder deurne deventer diemen dinxperlo doesburg doetinchem dokkum
dongen dordrecht drachten driebergen dronten drunen druten duiven echt edam ede eersel eibergen eindhoven elburg elst
emmeloord emmen enkhuizen enschede epe ermelo etten-leur franeker geertruidenberg geldermalsen geldrop geleen gemert
gennep gilze goes goirle gorinchem gouda groenlo groningen gulpen haaksbergen haarlem haarlemmermeer halsteren
hardenberg harderwijk harlingen haren hattem heemskerk heemstede heerde heerenveen heerhugowaard heerlen heesch heiloo
hellendoorn hellevoetsluis helmond hendrik-ido-ambacht hengelo 's-hertogenbosch heusden hillegom hilvarenbeek
hilversum hoek_van_holland hoofddorp hoogeveen hoogezand hoorn horst houten huissen huizen hulst ijmuiden ijsselstein
joure kampen katwijk kerkrade klazienaveen krimpen_aan_den_ijssel laren leek leerdam leeuwarden leiden leiderdorp
leidschendam lelystad lemmer leusden lichtenvoorde lisse lochem loosdrecht losser maarssen maasdriel maassluis
maastricht medemblik meerssen meppel middelburg middelharnis mijdrecht monnickendam montfoort naaldwijk naarden
nederweert nieuwegein nieuwkoop nieuw-vennep nijkerk nijmegen nijverdal noordwijk nootdorp norg nuenen nunspeet
oegstgeest oirschot oisterwijk oldenzaal ommen oosterbeek oosterhout oostburg oss oud-beijerland oudewater panningen
papendrecht pijnacker purmerend putten raalte renkum reuver rhenen ridderkerk rijnsburg rijssen rijswijk roden
roermond roosendaal rosmalen rotterdam rozenburg rucphen sassenheim schagen scheveningen schiedam schijndel
schoonhoven sint-michielsgestel sittard sliedrecht slochteren sneek soest someren son spijkenisse stadskanaal
staphorst steenbergen steenwijk stein terneuzen tegelen texel tholen tiel tilburg tubbergen twello uden uithoorn urk
utrecht vaals valkenburg valkenswaard veendam veenendaal veghel veldhoven velp velsen venlo venray vianden vianen
vlaardingen vlagtwedde vlissingen volendam voorburg voorhout voorschoten voorst vriezenveen vught waalre waalwijk
waddinxveen wageningen wassenaar weert weesp wehl werkendam wierden wijchen wijk_bij_duurstede wijk_aan_zee winschoten
winsum winterswijk woerden wolvega workum wormerveer woudenberg zaandam zaandijk zaltbommel zandvoort zeewolde zeist
zevenaar zevenbergen zierikzee zoetermeer zundert zutphen zuidlaren zwaag zwanenburg zwijndrecht zwolle
"""
_BELGIAN = """
aalst aalter aarschot aartselaar affligem alken alveringem anderlecht antwerpen antwerp anzegem ardooie arendonk arlon
as asse assenede ath aubange avelgem baarle-hertog balen bassenge bastogne beernem beerse beersel begijnendijk
bekkevoort berchem beringen berlaar berlare bertem bever beveren bierbeek bilzen binche blankenberge bocholt boechout
bonheiden boom boortmeerbeek borgerhout borgloon bornem borsbeek boutersem brasschaat brecht bredene bree brugge
bruges brussel brussels bruxelles buggenhout charleroi chimay ciney couvin damme de_haan de_panne de_pinte deerlijk
deinze denderleeuw dendermonde dentergem dessel destelbergen deurne diegem diepenbeek diest diksmuide dilbeek
dilsen-stokkem dinant drogenbos duffel edegem eeklo eghezee ekeren elsene enghien erpe-mere essen etterbeek eupen
evere evergem fleurus fontaine gavere geel geetbets gembloux genappe genk gent ghent geraardsbergen gingelom gistel
glabbeek grimbergen grobbendonk haacht haaltert halen halle ham hamme hamont-achel hannut harelbeke hasselt
hechtel-eksel heers heist heist-op-den-berg hemiksem herent herentals herenthout herk-de-stad herne herselt herstal
herzele heusden heusden-zolder hoboken hoegaarden hoeilaart hoeselt holsbeek hooglede hoogstraten houthalen
houthalen-helchteren houthulst hove huldenberg hulshout huy ichtegem ieper ingelmunster ixelles izegem jabbeke jette
kalmthout kampenhout kapellen kapelle-op-den-bos kaprijke kasterlee keerbergen kessel-lo kinrooi knokke knokke-heist
koekelare koekelberg koersel koksijde kontich kortemark kortenaken kortenberg kortessem kortrijk kraainem kruibeke
kruishoutem kuurne la_louvière la_louviere laakdal laarne lanaken landen langemark lebbeke lede ledeberg ledegem
lendelede lennik leopoldsburg lessines leuven leuze libramont lichtervelde liedekerke lier lierde liège liege lille
linkebeek lint linter lochristi lokeren lommel londerzeel lovendegem lubbeek luik lummen maaseik maasmechelen machelen
maldegem malle malmedy mechelen meerhout meise melle menen merchtem merelbeke merksem merksplas meulebeke middelkerke
moerbeke mol molenbeek mons moorslede mortsel mouscron moeskroen namen namur nazareth neerpelt nevele niel
nieuwerkerken nieuwpoort nijlen ninove nivelles nijvel olen oostende ostend oosterzele oostkamp opglabbeek opwijk
oudenaarde oudenburg oud-heverlee heverlee oud-turnhout ottignies overijse overpelt peer pelt pepingen pittem
poperinge puurs putte ranst ravels retie riemst rijkevorsel rochefort roeselare ronse roosdaal rotselaar ruiselede
rumst schaarbeek schaerbeek schelle scherpenheuvel schilde schoten seraing sint-amands sint-genesius-rode sint-gillis
sint-katelijne-waver sint-laureins sint-lievens-houtem sint-martens-latem sint-niklaas sint-pieters-leeuw sint-truiden
soignies spa spiere stabroek staden stekene steenokkerzeel temse ternat tervuren tessenderlo tielt tielt-winge tienen
tongeren torhout tournai doornik tremelo tubize turnhout uccle ukkel verviers veurne vilvoorde vleteren voeren vorst
vorselaar vosselaar waasmunster wachtebeke waregem waremme waterloo waver wavre wellen wemmel wervik westerlo wetteren
wevelgem wezembeek-oppem wichelen wielsbeke wijnegem willebroek wilrijk wingene wommelgem wortegem wuustwezel
zandhoven zaventem zedelgem zele zelzate zemst zingem zoersel zomergem zonhoven zonnebeke zottegem zoutleeuw
zuienkerke zulte zutendaal zwalm zwevegem zwijnaarde zwijndrecht
"""
_BRITISH = """
aberdeen abergavenny aberystwyth abingdon accrington aldershot altrincham andover ashford aylesbury ayr bangor banbury
barnet barnsley barnstaple barrow-in-furness basildon basingstoke bath bedford belfast berwick-upon-tweed beverley
bexhill bicester birkenhead birmingham blackburn blackpool bodmin bognor_regis bolton bournemouth bracknell bradford
braintree brecon brentwood bridgwater bridlington brighton bristol bromley burnley burton_upon_trent bury
bury_st_edmunds buxton caernarfon camberley cambridge canterbury cardiff carlisle carmarthen chelmsford cheltenham
chester chesterfield chichester chippenham chipping_norton cirencester clacton-on-sea colchester corby coventry
crawley crewe croydon cumbernauld darlington dartford daventry derby derry doncaster dorchester dover dudley dumfries
dundee dunfermline durham eastbourne eastleigh east_kilbride edinburgh ely enfield epsom evesham exeter falkirk
falmouth fareham farnborough farnham felixstowe folkestone frome gateshead glasgow glastonbury gloucester grantham
gravesend great_yarmouth greenock grimsby guildford halesowen halifax hamilton harlow harrogate harrow hartlepool
hastings hatfield havant haywards_heath hemel_hempstead hereford hertford hexham high_wycombe hitchin horsham hove
huddersfield hull huntingdon inverness ipswich kendal keswick kettering kidderminster kilmarnock king's_lynn
kings_lynn kingston_upon_thames kirkcaldy lancaster leamington_spa leeds leicester leighton_buzzard lewes lichfield
lincoln lisburn liverpool livingston llandudno llanelli london londonderry loughborough lowestoft ludlow luton
macclesfield maidenhead maidstone malvern manchester mansfield margate matlock merthyr_tydfil middlesbrough
milton_keynes morecambe motherwell newark newbury newcastle newcastle-upon-tyne newcastle_upon_tyne
newcastle-under-lyme newmarket newport newquay newry northallerton northampton norwich nottingham nuneaton oban oldham
omagh ormskirk oswestry oxford paisley penrith penzance perth peterborough plymouth pontefract poole portsmouth
preston ramsgate reading redcar redditch redhill reigate rhyl richmond ripon rochdale rochester romford rotherham
rugby runcorn ryde saffron_walden st_albans st_andrews st_helens st_ives salford salisbury scarborough scunthorpe
sevenoaks sheffield shrewsbury sittingbourne skegness skipton sleaford slough solihull southampton southend
southend-on-sea southport south_shields spalding stafford staines stamford stevenage stirling stockport
stockton-on-tees stoke-on-trent stourbridge stratford-upon-avon stroud sunderland sutton swansea swindon tamworth
taunton telford thetford tiverton tonbridge torquay totnes trowbridge truro tunbridge_wells twickenham uxbridge
ventnor wakefield wallasey walsall warrington warwick watford welwyn_garden_city wells west_bromwich weston-super-mare
weymouth whitby whitehaven wigan winchester windsor wirral wisbech woking wokingham wolverhampton woodbridge worcester
workington worthing wrexham yeovil york
"""
_IRISH = """
dublin cork galway limerick waterford athlone ballina balbriggan bray carlow carrick-on-shannon cavan celbridge
clonmel cobh drogheda dundalk ennis enniscorthy greystones kilkenny killarney leixlip letterkenny longford maynooth
mullingar naas navan newbridge portlaoise roscommon sligo swords thurles tralee trim tuam tullamore westport wexford
wicklow youghal
"""
_AMERICAN = """
albuquerque atlanta austin baltimore baton_rouge boise boston brooklyn buffalo charlotte chicago cincinnati cleveland
columbus dallas denver des_moines detroit el_paso fort_worth fresno houston indianapolis jacksonville kansas_city
las_vegas los_angeles louisville memphis miami milwaukee minneapolis nashville new_orleans new_york omaha orlando
philadelphia phoenix pittsburgh portland raleigh richmond sacramento salt_lake_city santa_fe ann_arbor little_rock
san_antonio san_diego san_francisco san_jose seattle springfield st_louis st._louis tampa tucson tulsa washington
"""
_EUROPEAN = """
aachen augsburg berlin bielefeld bochum bonn bremen cologne dortmund dresden duisburg düsseldorf dusseldorf erfurt
frankfurt freiburg gelsenkirchen göttingen hamburg hannover heidelberg karlsruhe kassel kiel kleve köln koeln koln
krefeld leipzig lübeck mainz mannheim mönchengladbach münchen munich munchen münster nürnberg nuremberg oldenburg
osnabrück potsdam regensburg rostock saarbrücken stuttgart trier ulm wiesbaden wuppertal würzburg wien vienna graz linz
salzburg innsbruck klagenfurt zürich zurich genève geneva basel bern lausanne luzern winterthur paris lyon marseille
toulouse nantes strasbourg montpellier bordeaux rennes reims grenoble dijon angers nîmes toulon metz rouen orléans
roubaix tourcoing dunkerque amiens perpignan avignon cannes luxembourg esch-sur-alzette madrid barcelona
valencia sevilla seville zaragoza málaga malaga murcia bilbao alicante granada roma rome milano milan napoli naples
torino turin palermo genova bologna firenze florence venezia venice verona lisboa lisbon porto braga coimbra københavn
kobenhavn copenhagen aarhus odense aalborg stockholm göteborg gothenburg malmö malmo uppsala oslo trondheim stavanger
helsinki tampere turku warszawa warsaw kraków krakow gdańsk gdansk wrocław wroclaw poznań poznan łódź praha prague
brno ostrava bratislava budapest athens thessaloniki
deutschland germany duitsland france frankrijk österreich austria oostenrijk spanje spain italië italy luxemburg
denemarken denmark zweden sweden noorwegen norway polen poland portugal switzerland zwitserland
"""
_COUNTIES = """
avon bedfordshire berkshire buckinghamshire cambridgeshire cheshire cornwall cumbria derbyshire devon dorset durham
essex gloucestershire hampshire herefordshire hertfordshire kent lancashire leicestershire lincolnshire middlesex
norfolk northamptonshire northumberland nottinghamshire oxfordshire rutland shropshire somerset staffordshire suffolk
surrey sussex west_sussex east_sussex warwickshire wiltshire worcestershire yorkshire north_yorkshire west_yorkshire
south_yorkshire gwynedd powys dyfed clwyd fife friesland drenthe overijssel gelderland flevoland noord-holland
zuid-holland zeeland noord-brabant limburg engeland nederland belgië belgie belgium netherlands england scotland wales
ireland ierland uk usa
"""
TOWNS = frozenset(
    name.replace("_", " ")
    for names in (_DUTCH, _BELGIAN, _BRITISH, _IRISH, _AMERICAN, _EUROPEAN, _COUNTIES)
    for name in names.split()
)
BELGIAN_TOWNS = frozenset(name.replace("_", " ") for name in _BELGIAN.split())
# Words that are towns too, or ordinary ones: in small letters they say nothing by themselves.
_WORDS = frozenset(
    """as ham trim bath reading deal echt stein horst houten huizen bergen laren leek velp son soest putten kampen
    essen halle heers hove lint bever mol peer spa niel temse namen waver wells corby sutton rugby newark cork bury
    ryde hull poole halen herne rochester haren elst borne best as uk usa preston hoorn putte bern basel
    florence valencia porto roma milan angers""".split()
)
STATE = (
    r"A[KLRZ]|C[AOT]|D[CE]|FL|GA|HI|I[ADLN]|K[SY]|LA|M[ADEHINOPST]|N[CDEHJMVY]|O[HKR]|P[ARW]|RI|S[CD]|T[NX]|UT"
    r"|V[AIT]|W[AIVY]|"
    r"A[AEPS]|FM|GU|PR|MP"
)
# The areas that British postcodes begin with.
POSTCODE_AREA = (
    r"A[BL]|B[ABDHLNRST]?|C[ABFHMORTVW]|D[ADEGHLNTY]|E[CHNX]?|FK|FY|G[LUY]?|H[ADGPRSUX]|I[GMPV]|JE|K[ATWY]"
    r"|L[ADELNSU]?|M[EKL]?|"
    r"N[EGNPRW]?|O[LX]|P[AEHLOR]|R[GHM]|S[AEGKLMNOPRSTWY]?|T[ADFNQRSW]|UB|W[ACDFNRSV]?|YO|ZE"
)


def town_at(text: str, at: int, *, sure: bool = False) -> int:
    """Where the name of a known town ends that begins at `at`; `at` where there is none.

    Names that are ordinary words too need a capital, unless it is `sure` that a place stands there.
    """
    words = list(_WORD.finditer(text, at, at + 40))[:4]
    if not words or words[0].start() != at:
        return at
    district = _DUBLIN.match(text, at)
    if district:
        return district.end()
    for last in reversed(words):
        name = text[at : last.end()].casefold().replace("’", "'")
        if name in TOWNS and (sure or name not in _WORDS or text[at].isupper()):
            return last.end()
    for last in reversed(words[:2]):
        if _ENDS.fullmatch(text[at : last.end()]):
            return last.end()
    return at


def is_belgian(found: str) -> bool:
    """Whether `found` is the name of a Belgian town."""
    name = found.casefold()
    parts = name.split("-")
    return (
        name in BELGIAN_TOWNS
        or parts[0] in {"sint", "saint"}
        or (len(parts) > 1 and parts[0] in BELGIAN_TOWNS)
        or (len(parts) > 2 and parts[1] in ("sur", "lez", "le", "la", "en", "aux", "op", "ten"))
    )


# Of towns that are in no list: Abbotsbury, Port Jackville.
_ENDS = re.compile(
    r"(?i)(?:(?:north|south|east|west|new|port|lake|great|little|saint|st\.?|upper|lower) )?"
    r"[a-z]{3,}(?:bury|ville|mouth|chester|borough|shire|haven|burgh|burg|stad|furt|berg|ingham|ington|hampton|minster|"
    r"town|gem|zele|beke|kerke|kerken|drecht|wijk|veen|dorp|kapelle|huizen)"
)
_DUBLIN = re.compile(r"(?i)dublin \d{1,2}w?\b")
_WORD = re.compile(r"['’]?[^\W\d_][\w'’.-]{0,30}(?<![.])")
