"""Words that names and values of churn tables are made of, in the languages they come in.

A word here is a hint and never a proof: what hangs on it is shown to the user. Case and accents
do not count. Words are whole words; the `…_STEMS` also match longer ones that begin with them.
"""

from __future__ import annotations

# --- who left and who stayed --------------------------------------------------------------------

# A star stands for any end: `churn*` is churned and churner, too.
LEFT = (
    "churn*", "left", "leav*", "gone", "exit*", "attrit*", "cancel*", "lapse*", "lost", "quit",
    "quits", "resign*", "terminat*", "unsubscri*", "closed", "departed", "defected", "withdrew",
    "withdrawn", "deactivat*", "disconnect*", "switched", "dropped", "former", "canceled",
    "kundig*", "kuendig*", "gekundigt*", "gekuendigt*", "abgewander*", "abwander*", "abgang*",
    "abgegangen", "ausgetreten*", "austritt*", "verlassen", "verloren", "ehemalig*", "ancien*",
    "stornier*", "wypowied*",
    "resili*", "parti", "partie", "perdu", "perdue", "desabonn*", "quitte", "quitté", "depart",
    "abandon*", "baja", "perdido", "perdida", "desercion", "fuga", "fugado", "desist*", "saiu",
    "evasao", "desligad*", "encerrad*", "perso", "persa", "disdett*", "cessat*", "disiscritt*",
    "uscito", "uscita", "abbandon*", "opgezegd*", "opzeg*", "vertrok*", "vertrokken",
    "beeindigd", "verloop", "weggegangen", "ayril*", "iptal*", "terk", "kayip", "kaybed*",
    "gitti", "birakt*", "kalmad*", "odszed*", "odesz*", "odejsc*", "rezygn*", "zrezygn*",
    "utracon*", "uppsag*", "lamnat", "lamnade", "avslutad*", "oppsagt*", "sluttet", "opsagt*",
    "poistu*", "lahtenyt", "odesel", "odesla", "odchod*", "zrusen*", "elment", "lemond*",
    "plecat*", "reziliat*", "отток*", "ушел", "ушла", "ушли", "ушедш*", "уход*", "отказ*",
    "расторг*", "потерян*", "покинул*", "離脱", "解約", "退会", "流失", "离开", "离网", "退订",
    "이탈", "해지", "탈퇴", "غادر", "berhenti", "pergi",
)  # fmt: skip
STAYED = (
    "stay*", "retain*", "retention", "active", "loyal*", "existing", "current", "remain*",
    "renew*", "kept", "continu*", "ongoing", "subscribed", "open", "here", "longer", "anymore",
    "aktiv*", "geblieben*", "bleib*", "treu*", "bestand*", "laufend*", "mehr", "reste", "resté",
    "restee", "restée", "fidel*", "actif*", "active*", "activo*", "activa*", "permanec*",
    "vigente*", "fiel*", "quedo", "quedó", "renov*", "ativo*", "ativa*", "ficou", "attivo*",
    "attiva*", "rimast*", "fedel*", "actief*", "gebleven", "blijft", "trouw*", "aktif*", "kaldi",
    "kalan", "sadik", "devam*", "ayrilmad*", "aktywn*", "pozost*", "lojaln*", "zostal*", "kvar",
    "stannat", "stannade", "pysy*", "lojal*", "zustal*", "maradt*", "ramas*", "активн*",
    "остал*", "лоял*", "действу*", "текущ*", "継続", "留存", "在籍", "保留", "在网", "유지",
    "잔류", "bertahan", "نشط", "باق",
)  # fmt: skip
# Somebody who is one now: counts only where no stronger word stands next to it.
BEING = (
    "customer*", "client*", "member*", "subscriber*", "user", "users", "kunde", "kunden",
    "mitglied*", "abonn*", "cliente*", "socio*", "miembro*", "klant*", "lid", "musteri*", "uye",
    "klient*", "kund", "клиент*", "顧客", "客户", "고객",
)  # fmt: skip
NEGATIONS = (
    "not", "no", "non", "never", "nicht", "kein", "keine", "nie", "pas", "ne", "jamais", "nunca",
    "sin", "nao", "não", "sem", "mai", "senza", "niet", "geen", "degil", "değil", "inte", "ej",
    "ikke", "ei", "nem", "nu", "не", "нет", "без", "without", "un", "ex", "dis", "hasn", "isn",
    "didn", "wasn", "won", "doesn", "haven", "cannot", "etmedi", "olmadi", "sans", "tidak",
)  # fmt: skip
NEGATING_PREFIXES = ("nicht", "non", "not", "nie", "dis", "un", "ex", "in", "ne", "не")
NEGATING_SIGNS = ("未", "不", "非", "没", "無", "无", "미", "않", "안", "ない", "なし")
TARGET_NAMES = (
    "target", "label", "y", "class", "outcome", "response", "zielvariable", "ziel", "objetivo",
    "cible", "alvo", "hedef",
)  # fmt: skip

# --- who is who ---------------------------------------------------------------------------------

ID_WORDS = (
    "id", "ids", "uuid", "guid", "key", "number", "nr", "no", "num", "code", "account",
    "kundennr", "nummer", "numero", "numer", "identifier", "identifiant", "identificador",
    "identificativo", "cod", "codigo", "codice", "kodu", "numarasi", "номер", "код", "ид", "編號",
    "编号", "番号", "번호", "ref", "reference", "pk", "index", "serial",
)  # fmt: skip
SURE_ID_WORDS = (
    "uid", "msisdn", "imsi", "imei", "iccid", "custid", "clientnum", "customerid", "userid",
    "accountid", "memberid", "kundennummer", "kundennr", "mitgliedsnummer", "vertragsnummer",
    "klantnummer", "kundnummer", "kundenummer", "asiakasnumero", "matricule", "siren", "siret",
)  # fmt: skip
CUSTOMER_WORDS = (
    "customer", "customers", "cust", "client", "clients", "user", "usr", "member", "subscriber",
    "account", "acct", "contract", "policy", "person", "household", "patient", "employee",
    "staff", "kunde", "kunden", "mitglied", "mitglieds", "vertrag", "vertrags", "abonne",
    "abonné", "client", "cliente", "clientes", "socio", "usuario", "assinante", "abbonato",
    "klant", "lid", "musteri", "müşteri", "uye", "üye", "abone", "klient", "klienta", "kund",
    "asiakas", "zakaznik", "ugyfel", "клиент", "клиента", "абонент", "абонента", "顧客", "客户",
    "会員", "고객", "pelanggan",
)  # fmt: skip
PERIOD_WORDS = (
    "month", "period", "quarter", "week", "snapshot", "date", "wave", "asof", "yearmonth", "ym",
    "monat", "quartal", "woche", "stichtag", "periode", "zeitraum", "mois", "trimestre",
    "semaine", "periodo", "mes", "semana", "mese", "settimana", "maand", "kwartaal", "ay",
    "donem", "dönem", "hafta", "miesiac", "miesiąc", "okres", "manad", "månad", "kuukausi",
    "mesic", "měsíc", "месяц", "период", "квартал", "неделя", "月", "年月", "期間", "월", "기간",
    "bulan", "year", "jahr",
)  # fmt: skip

# --- what a person had better not be judged by ------------------------------------------------

AGE_WORDS = (
    "age", "ages", "aged", "alter", "edad", "eta", "età", "idade", "leeftijd", "wiek", "yas",
    "yaş", "yasi", "yaşı", "alder", "ålder", "ika", "ikä", "vek", "věk", "varsta", "vârstă",
    "eletkor", "életkor", "kor", "возраст", "ηλικια", "ηλικία", "年齢", "年龄", "나이", "연령",
    "usia", "umur", "tuoi", "tuổi", "العمر",
)  # fmt: skip
OF_A_THING = (
    "account", "acct", "contract", "policy", "subscription", "subscr", "device", "handset",
    "phone", "equipment", "product", "car", "vehicle", "house", "home", "property", "building",
    "card", "loan", "ticket", "order", "plan", "membership", "relationship", "tenure", "network",
    "on", "vertrag", "vertrags", "konto", "gerat", "gerät", "abo", "contrat", "compte",
    "contrato", "cuenta", "conta", "conto", "contratto", "abonelik", "hesap", "cihaz",
    "договора", "machine", "score", "rate", "domain", "company", "firm", "business", "bill",
    "debt", "churn",
)  # fmt: skip
# What an age may belong to and still be a person's.
PERSON_WORDS = (
    *CUSTOMER_WORDS, "holder", "buyer", "owner", "head", "spouse", "partner", "insured",
    "driver", "years", "year", "yrs", "group", "band", "range", "bracket", "class", "category",
    "in", "at", "of", "the", "bin", "cat", "gruppe", "klasse", "groupe", "grupo", "gruppo",
    "del", "de", "du", "current", "mean", "avg", "approx", "anos", "años", "ans", "jahre",
    "rounded", "level",
)  # fmt: skip
SENSITIVE_WORDS = (
    "gender", "salutation", "anrede", "civilite", "civilité", "aanhef", "sex",
    "geschlecht", "sexe", "sexo", "genero", "género", "sesso", "genere",
    "geslacht", "plec", "płeć", "cinsiyet", "kon", "kön", "køn", "kjonn", "kjønn", "sukupuoli",
    "pohlavi", "pohlaví", "пол", "φυλο", "φύλο", "性別", "性别", "성별", "kelamin", "senior",
    "seniors", "retired", "retiree", "pensioner", "rentner", "elderly", "birthyear", "race",
    "ethnicity", "ethnic", "ethnie", "etnia", "raza", "raca", "raça", "herkunft", "religion",
    "religious", "religiao", "religião", "religione", "religie", "konfession", "faith", "dini",
    "вероисповедание", "宗教", "종교", "nationality", "nationalitat", "nationalität",
    "staatsangehorigkeit", "staatsangehörigkeit", "nationalite", "nationalité", "nacionalidad",
    "nacionalidade", "nazionalita", "nazionalità", "nationaliteit", "uyruk", "citizenship",
    "гражданство", "国籍", "국적", "marital", "married", "familienstand", "zivilstand",
    "estado civil", "estado_civil", "estadocivil", "matrimonial", "civile", "civil",
    "burgerlijke", "medeni", "civilstand", "civilstatus", "семейное", "婚姻", "결혼",
    "pernikahan", "disability", "disabled", "handicap", "behinderung", "discapacidad",
    "deficiencia", "engelli", "pregnant", "pregnancy", "schwanger", "embarazo", "sexuality",
    "political", "gewerkschaft", "immigrant", "migrant", "veteran",
)  # fmt: skip
BIRTH_WORDS = (
    "birth", "birthday", "birthdate", "dob", "born", "geburt", "geburtsdatum", "geburtstag",
    "geburtsjahr", "naissance", "nacimiento", "fechanacimiento", "nascimento", "nascita",
    "geboortedatum", "geboorte", "dogum", "doğum", "urodzenia", "fodelse", "födelsedatum",
    "fodselsdato", "syntyma", "narozeni", "szuletes", "nasterii", "рождения", "生年月日", "出生",
    "생년월일", "lahir",
)  # fmt: skip
MALE = (
    "male", "man", "men", "boy", "mr", "mann", "mannlich", "männlich", "maennlich", "herr",
    "homme", "masculin", "hombre", "masculino", "varon", "varón", "homem", "uomo", "maschio",
    "maschile", "man", "mannelijk", "erkek", "mezczyzna", "mężczyzna", "kille", "mand", "mies",
    "muz", "muž", "ferfi", "férfi", "barbat", "муж", "мужской", "мужчина", "男", "男性", "남",
    "남자", "남성", "laki", "αρρεν", "άνδρας", "ذكر", "nam", "m", "monsieur", "sr", "senor",
    "señor", "senhor", "sig", "signor", "signore", "heer", "dhr", "bay", "pan",
)  # fmt: skip
FEMALE = (
    "female", "woman", "women", "girl", "mrs", "ms", "miss", "weiblich", "frau", "femme",
    "feminin", "féminin", "mujer", "femenino", "femenina", "feminino", "mulher", "donna",
    "femmina", "femminile", "vrouw", "vrouwelijk", "kadin", "kadın", "kobieta", "kvinna",
    "kvinde", "kvinne", "nainen", "zena", "žena", "femeie", "жен", "женский", "женщина", "女",
    "女性", "여", "여자", "여성", "perempuan", "γυναίκα", "أنثى", "nu", "mme", "mlle", "madame",
    "mademoiselle", "sra", "srta", "senora", "señora", "senhora", "signora", "mevrouw", "mevr",
    "mw", "bayan", "pani", "fru",
)  # fmt: skip
# Single letters mean a gender only as a pair: a man and a woman.
GENDER_LETTERS = (
    ("m", "f"), ("m", "w"), ("h", "f"), ("h", "m"), ("e", "k"), ("m", "v"), ("m", "k"),
    ("м", "ж"), ("m", "z"), ("l", "p"),
)  # fmt: skip
NEITHER = (
    "other", "unknown", "divers", "d", "x", "u", "n", "nonbinary", "non-binary", "diverse", "na",
    "prefer not to say", "autre", "otro", "outro", "altro", "anders", "diger", "inne", "другое",
    "その他", "其他", "기타",
)  # fmt: skip
MARRIED = (
    "married", "single", "divorced", "widowed", "verheiratet", "ledig", "geschieden",
    "verwitwet", "marie", "marié", "mariee", "mariée", "celibataire", "célibataire", "divorce",
    "divorcé", "veuf", "casado", "casada", "soltero", "soltera", "divorciado", "divorciada",
    "viudo", "solteiro", "solteira", "divorciado", "viuvo", "sposato", "sposata", "celibe",
    "nubile", "divorziato", "vedovo", "gehuwd", "ongehuwd", "gescheiden", "evli", "bekar",
    "bosanmis", "boşanmış", "dul", "zonaty", "żonaty", "kawaler", "gift", "ogift", "ugift",
    "skild", "skilt", "женат", "замужем", "холост", "разведен", "已婚", "未婚", "既婚", "기혼",
    "미혼", "menikah",
)  # fmt: skip

# --- what leads to a person ----------------------------------------------------------------------

PERSONAL_WORDS = (
    "email", "emails", "mail", "phone", "telephone", "telefon", "telefonnummer", "mobile",
    "handy", "handynummer", "tel", "telefone", "telefono", "teléfono", "telephone", "téléphone",
    "celular", "cellulare", "movil", "móvil", "cep", "telefonu", "телефон", "電話", "电话",
    "전화", "correo", "courriel", "eposta", "posta", "почта", "メール", "邮箱", "이메일",
    "address", "addr", "street", "adresse", "anschrift", "strasse", "straße", "rue", "direccion",
    "dirección", "endereco", "endereço", "indirizzo", "adres", "adresi", "ulica", "osoite",
    "адрес", "住所", "地址", "주소", "alamat", "surname", "firstname", "lastname", "fullname",
    "forename", "givenname", "familyname", "username", "nickname", "vorname", "nachname",
    "familienname", "prenom", "prénom", "apellido", "apellidos", "sobrenome", "cognome",
    "achternaam", "voornaam", "soyad", "soyadi", "soyadı", "imie", "imię", "nazwisko", "fornamn",
    "efternamn", "имя", "фамилия", "фио", "отчество", "氏名", "姓名", "名前", "이름", "성명",
    "iban", "ssn", "passport", "ip", "bic", "vin", "licence", "tckn", "dni", "nif", "cpf",
    "pesel", "latitude", "longitude", "lat", "lon", "lng",
)  # fmt: skip
# A name on its own, or of a person: `product_name` and `plan name` name things.
NAME_WORDS = ("name", "nom", "nombre", "nome", "naam", "nazwa", "isim", "ad", "adi", "adı", "namn",
              "navn", "nimi", "jmeno", "jméno", "nev", "név", "nume", "nama")  # fmt: skip
OF_A_PERSON = (
    *CUSTOMER_WORDS, "full", "first", "last", "given", "family", "middle", "maiden", "contact",
    "holder", "owner", "buyer", "completo", "completa", "complet", "soyad",
)  # fmt: skip
# What says that a column is a flag or a count of such things and not the thing itself.
ABOUT_WORDS = (
    "has", "is", "number", "count", "num", "flag", "service", "verified", "opt", "opened",
    "sent", "type", "provider", "domain", "calls", "minutes", "plan", "support", "open", "rate",
    "usage",
)  # fmt: skip
STREET_WORDS = (
    "street", "st", "road", "rd", "avenue", "ave", "lane", "ln", "drive", "dr", "blvd",
    "boulevard", "court", "ct", "way", "strasse", "str", "weg", "platz", "allee", "gasse", "rue",
    "chemin", "place", "calle", "avenida", "av", "plaza", "rua", "travessa", "via", "viale",
    "piazza", "corso", "straat", "laan", "cadde", "caddesi", "cad", "sokak", "sokagi", "sok",
    "mah", "ulica", "ul", "gatan", "gata", "vagen", "vej", "gade", "vei", "katu", "tie", "улица",
    "ул", "проспект",
)  # fmt: skip

# --- how long, and how much ----------------------------------------------------------------------

TENURE_NAMES = (
    "tenure", "tenure months", "months tenure", "tenure in months", "account length",
    "account length in months", "months on book", "membership months", "months as customer",
    "customer months", "months since joined", "months subscribed", "subscription months",
    "months active", "customer tenure", "lifetime", "laufzeit monate", "vertragsdauer monate",
    "monate dabei", "mitglied seit monaten", "anciennete mois", "anciennete", "antiguedad meses",
    "antiguedad", "meses activo", "permanencia meses", "tempo contrato meses", "meses contrato",
    "anzianita mesi", "mesi attivo", "looptijd maanden", "abonelik suresi ay",
    "uyelik suresi ay", "staz miesiace", "staz mies", "staz w miesiacach", "срок месяцев",
)  # fmt: skip
MONTHLY_NAMES = (
    "monthly charge", "monthly charges", "monthly fee", "monthly value", "monthly revenue",
    "mrr", "arpu", "monthly bill", "monthly price", "monthly premium", "monthly spend",
    "monthly amount", "fee per month", "price per month", "revenue per month", "monatsbeitrag",
    "monatlicher beitrag", "monatspreis", "beitrag pro monat", "beitrag monat", "prix mensuel",
    "montant mensuel", "abonnement mensuel", "cuota mensual", "cargo mensual", "factura mensual",
    "mensalidade", "valor mensal", "canone mensile", "importo mensile", "maandbedrag",
    "aylik ucret", "aylik fatura", "aylik odeme", "oplata miesieczna", "manadsavgift",
    "ежемесячная плата", "spesa mensile", "月费", "月租", "月額料金",
)  # fmt: skip
TOTAL_NAMES = (
    "total charges", "total charge", "total value", "total revenue", "total spend", "total paid",
    "total billed", "lifetime revenue", "total amount", "total fees", "gesamtumsatz",
    "umsatz gesamt", "bezahlt gesamt", "montant total", "total facturado", "importe total",
    "suma wplat", "valor total", "importo totale", "totaalbedrag", "toplam ucret", "toplam odeme",
)  # fmt: skip
# Currencies as the names of columns give them; the same amount without them.
CURRENCY_WORDS = (
    "in", "usd", "eur", "gbp", "chf", "jpy", "cny", "inr", "brl", "mxn", "pln", "czk", "huf", "sek",
    "nok", "dkk", "try", "rub", "cad", "aud", "nzd", "zar", "euro", "euros", "dollar", "dollars",
    "zl", "kc", "kr", "tl", "ft", "lei", "rs", "руб",
)  # fmt: skip
# Numbers that name a place rather than measure anything.
PLACE_CODES = (
    "zip", "zipcode", "postcode", "postalcode", "postal", "pincode", "plz", "postleitzahl", "cep",
    "cap", "npa", "postnummer", "почтовый", "индекс", "邮编", "郵便番号",
)  # fmt: skip
# Common words of such tables: who knows none of them does not know the language either.
COMMON_WORDS = (
    "usage", "calls", "minutes", "data", "plan", "contract", "payment", "method", "service",
    "internet", "status", "region", "country", "city", "state", "zip", "visits", "orders",
    "days", "product", "products", "price", "fee", "charge", "charges", "income", "balance",
    "credit", "score", "channel", "device", "type", "since", "last", "first", "avg", "average",
    "mean", "sum", "max", "min", "count", "num", "has", "is", "code", "date", "time", "hours",
    "segment", "category", "group", "partner", "education", "job", "salary", "limit", "amount",
    "monthly", "yearly", "annual", "daily", "citizen", "gb", "download", "support", "tickets",
    "complaints", "satisfaction", "discount", "promo", "level", "years", "months", "spend",
    "logins", "sessions", "seats", "website", "store", "account", "length", "revenue", "bill",
    "billing", "paperless", "auto", "renewal",
)  # fmt: skip
