"""German."""

from signals.detectors.other_languages.wording import END, Wording

ALAS = "(leider |aber |hier |so |grundsätzlich |auch |daher |deshalb |momentan |derzeit |gerade |im moment )*"
YOU = "(dir |ihnen |euch |dich |sie )?"
NOT = "(nicht|nichts|kein|keine|keinen|keiner|keinerlei)"
LOOK = "(finden|auffinden|abrufen|laden|öffnen|erreichen|aufrufen|anzeigen|lesen|zugreifen|herunterladen|ermitteln)"
DO = (
    "(finden|auffinden|abrufen|laden|öffnen|erreichen|aufrufen|anzeigen|lesen|zugreifen|buchen|stornieren|ändern|abschließen|speichern|senden|"
    "verschicken|verarbeiten|prüfen|überprüfen|herstellen|durchführen|ausführen|reservieren|zuordnen|ermitteln|hinzufügen|aktualisieren|löschen|"
    "bestätigen|erstellen|anlegen|umbuchen|starten|lösen|beheben|fertigstellen|herunterladen|hochladen|verbinden|einrichten)"
)
COUNSEL = "(rechtsberatung|auskunft|auskünfte|diagnose|diagnosen|ratschläge|empfehlung|empfehlungen|steuerberatung|anlageberatung|rechtsrat)"
STAFF = "(menschen|person|mitarbeiter|mitarbeiterin|kundenberater|kundenberaterin|berater|beraterin|ansprechpartner|ansprechpartnerin|sachbearbeiter|sachbearbeiterin|supportmitarbeiter)"
REAL = "(echten |richtigen |realen |lebendigen |menschlichen |anderen |eurer |ihrer )*"
PLEASE = "(bitte |jetzt |sofort |doch |endlich |mal |lieber |gerne |gern |direkt )*"
VERY = "(so |echt |wirklich |einfach |langsam |total |völlig |absolut |doch |mittlerweile |nur noch |ja |richtig |sehr |komplett )*"
NOUGHT = "(kein|keine|keinen|keinerlei) (\\w{1,20} )?(fehler|fehlern|problem|probleme|abweichung|abweichungen|auffälligkeiten|duplikate|dubletten|widersprüche|mängel|konflikte|unterschiede|änderungen|verstöße|lücken|hinweise)"

WORDINGS = {
    "refusal": Wording(
        [
            # What the agent does not do, in the first person.
            f"(gebe|schreibe|verfasse|erstelle|formuliere|unterstütze|verrate|verschicke|zeichne|unterschreibe|bestätige|öffne|lösche|übersetze|fälsche|verkaufe|empfehle|stelle) ich (das |die |sie |es |mich |dir |ihnen |euch |an niemanden |grundsätzlich |prinzipiell |leider |hier |deshalb |daher |dafür |auch |selbst )*(nicht|nichts|keine|keinen|kein)({END}| (heraus|preis|ab|weiter|aus|auf|vollständig|um|an|lösungen|kundendaten|auskunft|daten|namen))",
            "(dabei|da|hierbei|bei so etwas) (helfe|mache|unterstütze) ich (dir |ihnen |euch |leider |grundsätzlich )*(nicht|nicht mit)",
            f"das (mache|tue|schreibe|unterschreibe|mach) ich (dir |ihnen |leider |grundsätzlich |so )*nicht(,|{END})",
            "(darf|dürfen) (ich|wir) (dir |ihnen |euch |sie |das |leider |hier |dazu |grundsätzlich )*(nicht|keine|keinen) (\\w{3,20} )?(zeigen|geben|nennen|gewähren|empfehlen|herausgeben|weitergeben|verraten|ausstellen|verkaufen|ausführen|vornehmen)",
            "ich darf (sie |es |das |dir |ihnen |euch |leider |hier |dazu )+(nicht|keine|keinen) (\\w{3,20} )?(zeigen|geben|nennen|gewähren|empfehlen|herausgeben|weitergeben|verraten|ausstellen)",
            "(ist|wäre) mir (aus \\w{4,20} |leider |hier )*(nicht gestattet|nicht erlaubt|untersagt|verboten)",
            "da halte ich mich (lieber )?raus|bekommst du von mir nicht|bekommen sie von mir nicht|gibt('s| es) (bei|von) mir nicht",
            "(so etwas|sowas|das) möchte ich (dir |ihnen |lieber )*nicht (erzählen|schreiben|sagen|machen|beurteilen)",
            "(gebe|nenne|erteile|stelle|schreibe|verschicke) ich (dir |ihnen |aus \\w{4,24} |grundsätzlich )*keine",
            "aus (datenschutzgründen|sicherheitsgründen|rechtlichen gründen|ethischen gründen) (gebe|kann|darf|nenne|zeige) ich ... (nicht|keine|keinen|nichts)",
            f"(das|dies|so etwas|sowas) (kann|darf|werde|möchte) ich {YOU}{ALAS}(nicht|nichts)({END}| (machen|tun|schreiben|erstellen|durchführen|ausführen|übernehmen|verfassen|unterstützen|beantworten|preisgeben|herausgeben|empfehlen|genehmigen|veranlassen))",
            f"(dabei|damit|hierbei|hiermit|bei (dieser|deiner|ihrer) (anfrage|frage|bitte|sache|angelegenheit)|bei (so etwas|diesem thema|diesem anliegen)) (kann|können|darf|möchte|werde) (ich|wir) {YOU}{ALAS}nicht (weiterhelfen|helfen|behilflich sein|unterstützen|dienen)",
            f"(ich|wir) (kann|können|darf|dürfen|werde|möchte) {YOU}{ALAS}(dabei |damit |hierbei |bei (dieser|deiner|ihrer) (anfrage|frage|bitte) )?{ALAS}nicht (dabei |damit |hierbei )?(weiterhelfen|helfen|behilflich sein|unterstützen){END}",
            f"(dazu|hierzu|darüber) (kann|darf|möchte|werde) ich (mich )?{YOU}{ALAS}(nichts|nicht|keine auskunft|keine auskünfte|keine angaben) (sagen|äußern|geben|erteilen|machen)",
            f"(ich|wir) (darf|dürfen) {YOU}{ALAS}(dazu |hierzu |aus ... )?{ALAS}(keine|nicht|keinen|kein) ... (geben|erteilen|nennen|herausgeben|weitergeben|preisgeben|empfehlen|stellen|verraten)",
            f"(darf|kann) ich {YOU}{ALAS}(keine|keinen) (\\w{{3,20}} )?{COUNSEL}",
            f"ich (darf|kann) {YOU}{ALAS}(keine|keinen) (\\w{{3,20}} )?{COUNSEL}",
            "(solche|derartige) \\w{3,20} (erstelle|schreibe|verfasse|generiere|unterstütze) ich (leider )?nicht",
            "das kann ich (leider )?nicht für (dich|sie|euch) (tun|machen|erledigen|übernehmen|entscheiden)",
            "(das|dies|so etwas) (verstößt|würde) gegen (unsere|meine|die) (richtlinien|regeln|grundsätze|nutzungsbedingungen|vorgaben|prinzipien)( verstoßen)?",
            "(ich|wir) (muss|müssen) (das |dies |diese (bitte|anfrage) |deine (bitte|anfrage) |ihre (bitte|anfrage) )?(leider |hier )?(ablehnen|verweigern)",
            "(das|dies|das muss ich|muss ich) (muss ich |das )?(leider )?(ablehnen|verweigern)",
            "ich (werde|möchte|will) (das |dir |ihnen |dabei |so etwas |solche ... |so einen ... )+(nicht|keine|keinen) (schreiben|machen|tun|unterstützen|helfen|erstellen|verfassen|generieren)",
            "(dafür|dazu|hierfür|hierzu) bin ich (leider )?nicht (befugt|berechtigt|zuständig|ausgelegt|programmiert|autorisiert|gedacht)",
            "(ich bin|bin ich) (leider )?nicht (befugt|berechtigt|autorisiert)",
            "(liegt|geht|fällt) (leider )?(nicht in|außerhalb|über) (meine|meiner|meinen|unserer) (möglichkeiten|zuständigkeit|aufgabenbereich|zuständigkeitsbereich|befugnisse|aufgaben)( hinaus)?",
            "als (ki|sprachmodell|ki-assistent|ki-assistentin|virtueller assistent|virtuelle assistentin|ki-modell|ki-sprachmodell|künstliche intelligenz) (kann|darf) ich (dir |ihnen )?(leider |hier )?(nicht|keine|keinen|kein)",
        ],
        [
            "nicht (weiterhelfen|helfen|unterstützen),? (wenn|solange|bis|falls|ohne)",
            "(wenn|falls|sollte|ob) (ich|wir) ... nicht",
            "nicht (nur|genug|mehr danken)",
            "(kein|keine) (problem|sorge|ursache)",
        ],
    ),
    "task_failure": Wording(
        [
            # What went wrong with a tool or a system.
            "(build|upload|download|import|export|speichern|buchung|zahlung|überweisung|anmeldung|abfrage|suche|verbindung|übertragung|versand|update|installation|test|tests|bereitstellung|deployment)( ist| sind| wurde)? ... (fehlgeschlagen|gescheitert|abgebrochen|abgestürzt|stehen geblieben|schiefgegangen)",
            "(konnte|konnten|ließ sich|ließen sich|lässt sich) (ich |wir |nicht |leider |in \\w+ |bei \\w+ |hier |daraus |deiner |ihrer |dem |der )*(nicht|nichts|nirgends|keinen|keine|kein) ... (öffnen|finden|laden|speichern|gespeichert werden|abrufen|auslesen|transkribieren|erreichen|herstellen|abschließen|starten|gestartet werden|verarbeitet werden|hinzufügen|anlegen)",
            "(system|server|dienst|verzeichnisdienst|schnittstelle|datenbank|tool|api|seite|website|gerät|thermostat|lampe|tor|saugroboter|sensor|drucker|kamera|portal|buchungssystem|gegenstelle) ... (ist |war )?(momentan |gerade |derzeit |zurzeit |wegen wartung )*(nicht erreichbar|nicht verfügbar|offline|nicht ansprechbar|antwortet nicht|reagiert nicht|hat nicht geantwortet|meldet|keine antwort|leere antwort)",
            f"(das|es) (hat|ging|ist) (leider |jetzt |auch )*(nicht geklappt|schief|schiefgegangen|nicht funktioniert|nicht gelungen|gescheitert){END}",
            "^hat (leider )?nicht geklappt",
            "(ist|sind) mir (die |der |das |\\w{4,20} )*(leider )?nicht gelungen|blieb (erfolglos|ohne ergebnis|unverändert|ungelöst)",
            "(brach|bricht) (die verbindung |immer wieder |leider |vorzeitig )?ab(,|\\.| bevor| als)",
            "(keinen|keine|kein) (passende|passenden|passendes|\\w{3,16} )?(eintrag|treffer|ergebnis|ergebnisse|mail|verbindung) (gefunden|entdeckt|im system|für sie|vorhanden)",
            "(zugriff|verbindung) verweigert|ging nicht raus|nicht angenommen, es ist|bekomme ich (gerade |im moment |leider )*nicht (geladen|geöffnet)",
            "ich bin (an|am|bei) ... (gescheitert|auf keine ... gestoßen|nicht weitergekommen)",
            f"(konnte|konnten) (ich|wir) ... {NOT} ... {DO}",
            f"(ich|wir) (konnte|konnten) ... {NOT} ... {DO}",
            f"leider (kann|können) (ich|wir) ... {NOT} ... {LOOK}",
            f"(ich|wir) (kann|können) ... leider ... {NOT} ... {LOOK}",
            f"(ich|wir) (habe|haben|hab) ... {NOT} ... (gefunden|finden können)",
            f"(habe|haben|hab) (ich|wir) ... leider {NOT} ... (gefunden|finden können)",
            f"leider (habe|haben) (ich|wir) ... {NOT} ... (gefunden|finden können)",
            "ist (mir |uns )?(leider )?ein (technischer |unerwarteter |interner |unbekannter )?(fehler|problem) aufgetreten",
            f"(ich|wir) (kann|können) ... (leider|gerade|derzeit|momentan|aktuell|im moment) nicht {LOOK}",
            "es ist (mir |uns )?(leider |dabei |gerade |beim ... )*(ein|zu einem) (technischer |technischen |unerwarteter |unerwarteten |interner |internen |unbekannter )?(fehler|problem) ... (aufgetreten|gekommen)",
            "(da|dabei|hier|etwas|irgendetwas|irgendwas|es) ist (leider |wohl |gerade |mir |bei mir )*(etwas |was )?(schiefgegangen|schief gegangen|schiefgelaufen|schief gelaufen)",
            "(buchung|suche|abfrage|anfrage|versuch|stornierung|verbindung|reservierung|änderung|aktualisierung|upload|export|import|übertragung|umbuchung|synchronisierung|bereitstellung|test|tests|build) (ist|sind) (leider |erneut |wieder |auch )*(fehlgeschlagen|gescheitert)",
            "(das|es|die \\w{3,20}|der \\w{3,20}) (hat|haben) leider (bei mir |so |noch |auch |immer noch |wieder )*nicht (geklappt|funktioniert)",
            "(tut mir leid|entschuldigung|sorry),? (aber )?(das|es|die \\w{3,20}|der \\w{3,20}) hat (leider |auch |wieder |noch )*nicht (geklappt|funktioniert)",
            "(es gelingt mir|es gelang mir|es ist mir|ist mir|gelang mir) (leider )?(noch )?nicht(,| gelungen| möglich)",
            "(system|dienst|server|buchungssystem|service|schnittstelle|datenbank) (ist|antwortet|reagiert) (gerade |derzeit |leider |momentan |im moment |zurzeit )*(nicht(erreichbar| erreichbar| verfügbar)?|nicht mehr)",
            "(leider|ergab|ergab leider) (kein|keine|keinen) (treffer|ergebnis|ergebnisse)",
        ],
        [
            NOUGHT,
            "(wenn|falls|sollte|sollten|ob|sobald|bevor) ... (nicht|kein|keine|keinen|fehlgeschlagen|gescheitert|fehler)",
            "nicht nur",
            "(schade|bedauere|verstehe),? dass",
        ],
    ),
    "human_request": Wording(
        [
            # What is asked for is a person in so many words, or no machine.
            f"(bitte |bitte mit |einen |ein |nen )*({STAFF}|mensch|kundenberater|support|vorgesetzten),? (bitte|sofort|jetzt|halt|her){END}",
            f"(gib|geben sie|hol|holen sie|such|suchen sie|ruf|rufen sie) mir {PLEASE}(einfach )?(jemand|jemanden|wen|nen|einen|eine|deinen|deine|ihren|ihre|euren) ({REAL}({STAFF}|mensch|vorgesetzten|chef|chefin|kollegen|kollegin|experten)|der sich|die sich|echten|richtigen|anderen|von euch|vom)",
            "(nicht|nicht mehr|nicht länger|nicht weiter|ungern|keine lust) (mehr )?mit (einer|ner|der|dieser|so einer|einem|nem|dem|diesem|so einem) (bot|chatbot|roboter|ki)",
            "(rede|red|spreche|schreibe|schreib|sprechen|reden|schreiben) (hier |doch |sicher |ganz sicher )?(nicht|nicht mehr|ungern) (mehr |länger )?mit (einer|ner|der|dieser|so einer|einem|nem|dem|diesem|so einem) (maschine|automaten|computer|programm)",
            "(mit|in) (keinem|keiner) (automaten|maschine|bot|computer|roboter) (reden|sprechen|schreiben)",
            "(statt|anstatt|und nicht|nicht|als) (mit )?(einem|einen|ein|einer|eine|nem|nen|dem|den|der|diesem|diesen|dieser) (bot|chatbot|automaten|roboter|maschine|computer|programm|ki) (sprechen|reden|schreiben|klären|besprechen|anvertrauen)",
            f"(mensch|person|mitarbeiter|berater|jemand|persönliche betreuung) ... (kein|keinen|statt|nicht|als) (ein |einen |einem |so ein )?(bot|chatbot|automat|automaten|roboter|maschine|computer|programm){END}",
            f"(verbind|verbinde|verbinden sie|vermittel|vermittle|vermitteln sie|stell|stellen sie|leite|leiten sie|geben sie|gib) mich ... (mit|an|zu) (einen |einem |einer |ihrem |ihrer |euren |dem |den |der |zuständigen |echten )*(jemandem|jemanden|jemand|{STAFF}|kollegen|kollegin|vorgesetzten|support|kundendienst|fachabteilung|zentrale|abteilung|techniker|entwickler)",
            "(an|mit) (den |die |einen |eine |einem |einer |ihren |euren )*(support|kundendienst|kundenservice|person|menschen|mitarbeiter|mitarbeiterin|vorgesetzten|techniker|kollegen|berater|zuständigen) (weitergeleitet|durchgestellt|weiterverbunden|verbunden|weitergegeben|übergeben) (werden|bekommen)",
            "(jemand|wer|ein mensch|ein kollege|eine kollegin|ein mitarbeiter|ein sachbearbeiter|ein techniker) ... (hier |bitte |mal )*(übernehmen|übernimmt|zurückrufen|zurückruft|anrufen|anruft|entscheiden|melden)",
            "aus fleisch und blut|(jemand|jemanden|jemandem|wen|wem) (echten|echtes|echtem|menschliches|menschlichen|leibhaftigen)",
            "mit (einem|einer|nem|ner|einen|an) (echten|echter|richtigen|richtiger|leibhaftigen|menschlichen) \\w{4,20}",
            "mit (einem|einer) (von |deiner |ihrer |eurer |deinen |ihren |euren )+(menschlichen )?(kollegen|kolleginnen|mitarbeiter|mitarbeitern|leute|leuten|berater|beratern)",
            "(einen|an|ein|nen) (echten |richtigen )?menschen (am|ans|dran|sprechen|an der|an die|bitte|haben)",
            "(ein|eine|einen) (mitarbeiter|mitarbeiterin|berater|beraterin|mensch|menschen|kollege|kollegin) (wär|wäre) mir (lieber|recht)",
            f"(wie|wo) (komm|komme|erreich|erreiche|bekomm|bekomme) ich (hier |da |denn |bei euch |bei ihnen )*(zu |an |nen |einen |einem |eine |einer |nem |live |echten )+({STAFF}|agent|liveagent|support|mensch)",
            "(darf|kann|könnte) (ich|man) (bitte |mal |auch |hier )*mit (einem|einer|nem|jemand|jemandem) ... (schreiben|sprechen|reden|telefonieren|chatten)",
            "(ich )?(will|möchte|bestehe auf|brauche) (ein |eine )?(persönliche|persönliches|persönlichen) (betreuung|beratung|gespräch|ansprechpartner|kontakt)",
            "(ein mensch|menschlicher blick|jemand menschliches) (sich das |das |es )*(ansieht|ansehen|anschaut|anschauen|prüft|prüfen|entscheiden|entscheidet)",
            f"mit (einem|einer|nem|ner|jemandem von|jemand von) {REAL}{STAFF} {PLEASE}(sprechen|reden|verbinden|verbunden werden|chatten|telefonieren|verbunden)",
            "mit (jemandem|jemand) (echtem |richtigem |anderem |vom support |vom kundendienst |aus dem team |von euch |von ihnen )(sprechen|reden|verbinden|telefonieren)",
            f"(verbinde|verbinden sie|leite|leiten sie|stell|stellen sie) mich {PLEASE}(mit|an|zu) (einem|einer|einen|eine|jemanden|jemandem|ihrem|eurem|dem|den|ihren) {REAL}({STAFF}|kundendienst|kundenservice|support|kollegen|vorgesetzten)",
            f"(gib|geben sie) mir {PLEASE}(einen|eine) {REAL}(menschen|ansprechpartner|ansprechpartnerin|mitarbeiter){END}",
            f"(will|möchte|brauche|hätte gern|hätte gerne|nehme) {PLEASE}(einen|eine) (echten|echte|richtigen|richtige|realen|lebendigen|menschlichen) (menschen|person|mitarbeiter|mitarbeiterin|berater|beraterin|ansprechpartner)",
            f"(will|möchte|brauche|bitte) {PLEASE}(einen menschen|mit einem menschen)( sprechen)?{END}",
            f"(können|könnten|kannst|könntest) (sie|du|ihr) mich {PLEASE}(an|mit|zu) (einen|einem|einer|eine) {REAL}({STAFF}|kollegen|kollegin|vorgesetzten) (weiterleiten|verbinden|durchstellen|weitervermitteln)",
            "(kann|könnte|könnten) (mich|mir) (bitte |mal |hier )*(ein|eine|einer) (echter |echte |richtiger |menschlicher )*(mensch|mitarbeiter|mitarbeiterin|person|berater|beraterin) (bitte |mal )*(helfen|weiterhelfen|anrufen|zurückrufen|kontaktieren)",
            "(will|möchte|mag) (ich )?(nicht|nicht mehr|nicht länger|nicht weiter) mit (einem|einer|ner|nem|dem|der|so einem) (bot|chatbot|maschine|roboter|computer|ki) (sprechen|reden|schreiben|chatten)",
            "(gibt es|ist) (hier |da |bei euch |bei ihnen )*(auch )?(irgendwo )?(einen|eine|ein) (echten|echter|echte|richtigen|richtiger) (menschen|mensch|mitarbeiter|mitarbeiterin|person)",
            f"(echter mensch|menschlicher mitarbeiter|echten menschen|echter mitarbeiter) (bitte){END}",
            "(rückruf|anruf) (von|durch) (einem|einen|einer|eine) (echten )?(mitarbeiter|menschen|berater|mitarbeiterin)",
        ],
        [
            "(wie|wann|warum|wo) (kann|soll|sollte|spreche|rede|muss) (ich|man) ... (sprechen|reden),? (der|die|den|dem|um|über)",
            f"{STAFF} ... (sprechen|reden|telefonieren),? (der|die|weil er|weil sie|um ihm|um ihr)",
            "(nicht|kein|keinen|ohne) ... mit (einem|einer) (menschen|mitarbeiter|person|berater)",
            "menschen,? (der|den|dem|die)",
        ],
    ),
    "correction": Wording(
        [
            "(nein|nee|nö|ne|halt|stopp|falsch)(,|\\.|!|:)? ... ?ich (meinte|sagte|sprach von|habe doch|hatte doch)",
            "(nein|nee|nö|ne|halt|falsch)(,|\\.|!|:)? ich (wollte|hatte|habe|hab) (doch |eigentlich |aber )?(den|die|das|einen|eine|ein|nach|um|für) ... (gesagt|gefragt|gemeint|geschrieben|gebeten|gewollt)",
            "ich meinte (doch |aber |eigentlich |natürlich |ja )*(\\w{1,20} ){1,4}?,? ?(nicht|und nicht|keine|keinen) (den|die|das|dem|der|am|in|für|nach|von|mit|\\w{4,20})",
            f"(das|dies) (ist|war) (so |leider |ja |doch |immer noch |aber |schon wieder |einfach )*(falsch|verkehrt|inkorrekt|nicht richtig|nicht korrekt|die falsche|der falsche|das falsche)({END}| \\w{{3,20}}{END})",
            "(das|dies) (ist|war) (leider |ja |doch |immer noch |aber )*nicht (das,? )?was ich (wollte|meinte|gefragt|gesagt|gesucht|brauche|will|möchte|suche|gemeint)",
            f"(das|es) stimmt (so |leider |doch |aber |ja |immer noch |einfach )*(nicht|gar nicht|überhaupt nicht){END}",
            "(du hast|sie haben|da hast du|da haben sie|hast du|haben sie) mich (da |leider |wohl |völlig |komplett )*(falsch verstanden|missverstanden|nicht richtig verstanden)",
            "(du verwechselst|sie verwechseln|da verwechselst du|du hast) (da |das |hier |mich |die |den )*(etwas|was|mit|verwechselt)",
            "(das|danach|darum|so|den|die) (habe|hab|hatte) ich (so |doch |gar |aber |überhaupt |dich |sie )*nicht (gefragt|gesagt|gemeint|gebeten|verlangt)",
            "ich (habe|hab|hatte) (dir |ihnen )?(doch|aber) (\\w{1,20} ){0,5}?(gesagt|geschrieben|gefragt|gebeten)",
            "ich sagte (doch|aber)",
            "(nein|nee|nö|ne)(,|\\.|!)? (das ist |das war )?falsch(,|\\.|!)? ich (wollte|meinte)",
            "ich meinte nicht ... ,? ?sondern",
            "(nein|nee|nö)(,|\\.|!)? (keine|keiner|keins|keines|nichts) (davon|von (denen|beiden|diesen)|der beiden)",
        ],
        [
            "(sagt|sagte|meint|meinte|behauptet|schreibt|findet),? (das|dies) (ist|war|stimmt)",
            "(das|dies) (ist|war) ... ?(falsch|verkehrt|nicht richtig|nicht korrekt) ?\\?",
            "stimmt ... nicht ?\\?",
            "ich (habe|hab) (mich|mir) ...",
            "(sorry|entschuldigung|ups|oh|mein fehler)(,|\\.|!)? (da |das )?(ich meinte|habe ich mich|war mein fehler)",
        ],
    ),
    "user_frustration": Wording(
        [
            f"(das|es|dieser chat|dieser bot|der bot|die app|euer service|ihr service) ist {VERY}(frustrierend|lächerlich|unverschämt|eine frechheit|eine unverschämtheit|zum kotzen|inakzeptabel|ein witz|eine zumutung|zum verzweifeln|unterirdisch|reine zeitverschwendung|zeitverschwendung|zum haare raufen)",
            f"(du bist|ihr seid|dieser bot ist|der bot ist|diese ki ist) {VERY}(nutzlos|unbrauchbar|unfähig|keine hilfe|zu nichts zu gebrauchen|ein witz|inkompetent|nervig)",
            "du nervst",
            f"(ich bin|bin ich) {VERY}(sauer|genervt|wütend|verärgert|frustriert|stinksauer|enttäuscht) (von|auf|über) (dir|dich|ihnen|euch|diesem (bot|chat|service)|diesen (bot|chat|service)|eurem|euren|diese app|dieser app|dem bot|den bot)",
            "(ich bin|bin ich) langsam (echt |wirklich |richtig )?(sauer|genervt|wütend|frustriert)",
            f"(mir reicht'?s|mir reicht es|jetzt reicht'?s|jetzt reicht es mir|es reicht mir){END}",
            "(ich habe|ich hab|hab|habe) (langsam |jetzt |echt |wirklich )*(die nase|die schnauze) (gestrichen )?voll( von (dir|euch|diesem|dem bot))",
            "wie oft (muss|soll|müssen|sollen) (ich|wir) (dir |ihnen |euch |das |es |mich |denn |eigentlich |noch )+(noch )?(sagen|wiederholen|erklären|schreiben|fragen|eingeben|bitten)",
            "(frage|sage|schreibe|erkläre|bitte|wiederhole) ... (jetzt |nun |schon )*zum (dritten|vierten|fünften|zehnten|x-ten|hundertsten|tausendsten) mal",
            "(jetzt|nun|schon) (das|zum) (dritte|vierte|fünfte|zehnte|x-te|hundertste)n? mal,? dass ich (dir |ihnen |euch |das |danach )*(frage|sage|schreibe|erkläre|bitte)",
            "(du hörst|sie hören|ihr hört) (mir )?(überhaupt |gar |einfach |wohl |ja |schon wieder )*nicht zu",
            "(liest|hörst|verstehst|kapierst|kannst) du (überhaupt|eigentlich überhaupt|mir überhaupt|mich überhaupt|das überhaupt)",
            "du (verstehst|kapierst|begreifst) (mich |es |das )?(einfach |überhaupt |immer noch |wohl |gar )+(nicht|nichts)",
            "(habe|hab|hatte) (ich |dir |ihnen |euch |das |doch |es |jetzt |schon |bereits )+(zweimal|dreimal|viermal|fünfmal|zehnmal|mehrfach|mehrmals|tausendmal|hundertmal|zigmal|x-mal) (gesagt|geschrieben|erklärt|angegeben|geschickt|gefragt|eingegeben)",
            "(so ein|was für ein|son|was ein) (schrott|saftladen|mistbot|scheißbot|drecksbot|schrottbot|scheißladen|schwachsinn)",
            "(scheiß|drecks|mist|schrott|blöder|dummer|nutzloser|dämlicher)( |-)?(bot|chatbot|ki|assistent)",
            "(danke|vielen dank) für (nichts|gar nichts|garnichts)",
            "(du verschwendest|sie verschwenden|ihr verschwendet) (nur |hier |echt )?meine zeit",
            "hör (jetzt |doch |bitte )?endlich auf",
            "schlechteste[rsn]? (bot|chatbot|kundenservice|service|support|assistent|kundendienst)",
            "(willst du|wollen sie|wollt ihr) mich (eigentlich )?(verarschen|veräppeln|auf den arm nehmen|für dumm verkaufen)",
            "(immer|schon) (wieder )?(die|den|das) (gleiche|selbe|gleichen|selben|dieselbe) (antwort|antworten|quatsch|unsinn|blödsinn|schwachsinn)",
        ],
        [
            "(nicht|kein|keine|nicht mehr|gar nicht) (so |sehr |mehr |wirklich |eine |ein )*(frustrierend|lächerlich|sauer|genervt|wütend|verärgert|frustriert|enttäuscht|nervig|witz|zumutung|zeitverschwendung)",
            "(sagt|sagte|meint|meinte|schreibt|findet),? (das|es) ist",
            "ist ... (frustrierend|lächerlich|ein witz) ?\\?",
            "mein (chef|nachbar|vermieter|kollege|freund|mann|sohn|ex) ...",
            "meine (chefin|nachbarin|vermieterin|kollegin|freundin|frau|tochter|mutter|ex) ...",
        ],
    ),
    "win": Wording(
        [
            f"(das|es|jetzt) hat (jetzt |nun |alles |sofort |endlich |super |perfekt |wunderbar |bestens |tatsächlich |prima |einwandfrei |auf anhieb |wirklich |sehr |mir |echt |gut )*(geklappt|geholfen|weitergeholfen){END}",
            "(das|es) hat (jetzt |nun |sofort |endlich |super |perfekt |wunderbar |bestens |tatsächlich |prima |einwandfrei |auf anhieb )*funktioniert(,|!|\\.)? ?(danke|vielen dank|super|top|perfekt|klasse)",
            "(danke|dank|super|top|perfekt|klasse|ja|prima|juhu|toll|wunderbar)(,|!|\\.)? (das |es |jetzt )?hat (jetzt |alles |sofort |endlich |super |perfekt |wunderbar |bestens |prima |einwandfrei |auf anhieb )*(geklappt|funktioniert|geholfen)",
            f"(jetzt|nun|endlich) (klappt|funktioniert|läuft) (es|das|alles|wieder alles)( wieder| endlich| einwandfrei| perfekt| super| wunderbar| bestens)?{END}",
            f"(es|alles|das) (klappt|funktioniert|läuft) (jetzt|nun|endlich|wieder)( wieder| endlich| einwandfrei| perfekt| super| wunderbar)?{END}",
            f"(jetzt|nun) (geht's|geht es|geht alles)( wieder| endlich)?{END}",
            "(du hast|sie haben|ihr habt|hast du|haben sie) mir (damit |wirklich |echt |sehr |super |gut |total |wahnsinnig |enorm |ungemein |toll |jetzt )+(geholfen|weitergeholfen)",
            f"das hilft mir (sehr|wirklich|echt|enorm|total|super|sehr gut|wirklich sehr)( weiter)?{END}",
            f"(das|du|sie) (war|ist|warst|waren|bist) (wirklich |echt |super |richtig |äußerst |sehr |total |mega )+hilfreich{END}",
            "(du bist|ihr seid) (echt |wirklich |einfach |ja |so )*(der beste|die beste|die besten|ein schatz|ein held|eine heldin|genial|spitze|klasse|großartig|ein engel|ein genie|der hammer|super)",
            "sie sind (ein schatz|ein engel|ein genie|der beste|die beste)",
            f"genau (das|so) (wollte|brauchte|hatte) ich( es)?( haben| gesucht)?{END}",
            "genau das,? (was ich (gesucht|gebraucht|gewollt) (habe|hab|hatte)|was ich (wollte|brauchte|suchte)|habe ich (gesucht|gebraucht)|hab ich (gesucht|gebraucht))",
            f"(problem|frage|fehler) (ist |damit )?(gelöst|behoben|geklärt){END}",
        ],
        [
            "(nicht|nichts|kein|keine|nie|kaum|noch nicht) ... (geklappt|funktioniert|geholfen|hilfreich|gelöst|behoben|geklärt)",
            "(wenn|falls|ob|sobald|hoffe|hoffentlich|dachte|sobald) ... (klappt|geklappt|funktioniert|geholfen|geht|gelöst|behoben|geklärt)",
            "(früher|gestern|bisher|bislang|vorher|immer|letzte woche|letztes mal) ... (geklappt|funktioniert|geholfen)",
            "(bist du|sind sie) ...",
        ],
    ),
    "thanks": Wording(
        [
            "(vielen|herzlichen|lieben|besten|tausend|ganz lieben|ganz herzlichen|1000) dank",
            "danke (dir |ihnen |euch )?(sehr|vielmals|schön|tausendmal|herzlich|von herzen|für (deine|ihre|die|eure) (tolle |schnelle |super |große |nette )?(hilfe|unterstützung|mühe|geduld|auskunft|antwort|erklärung))",
            "(perfekt|super|klasse|toll|wunderbar|großartig|spitze|prima|top|genial|ausgezeichnet|hervorragend|fantastisch)(,|!|\\.| -)? ?(danke|dank|dankeschön)",
            "(danke|dankeschön)(,|!|\\.)? (das ist |das war |du bist )?(perfekt|super|klasse|toll|wunderbar|großartig|spitze|prima|genial)",
        ],
        [
            "(nein|nee|nö|ne)(,|\\.)? (vielen )?(danke|dank|dankeschön)",
            "(danke|dank|dankeschön) (für (nichts|gar nichts)|im voraus|vorab|trotzdem|aber)",
        ],
    ),
    "closes": Wording(
        [
            "(nein|nee|nö|ne)(,|\\.|!)? (danke|vielen dank|das (ist|war|wars|war's|wäre) ?(alles|schon alles|'?s)?|das war's|nichts (mehr|weiter)|sonst nichts|ich brauche nichts|passt (so|schon)|alles (gut|klar|bestens)|ich habe alles|mehr nicht)",
            "(nein|nee|nö|ne)(,|\\.)? ich (habe|hab|kenne|weiß) (leider )?(keine|kein|keinen|die|den|meine|das) (\\w{0,14}nummer|code|passwort|\\w{0,10}adresse|unterlagen)",
        ]
    ),
}  # fmt: skip
