"""Spanish, of Spain and of Latin America."""

from signals.detectors.other_languages.wording import END, Wording

WHO = "(persona|humano|ser humano|agente|operador|operadora|representante|asesor|asesora|ejecutivo|ejecutiva|supervisor|supervisora|encargado|encargada|empleado|empleada)"
A = "(un |una |algún |alguna |el |la |otro |otra |su |cualquier )"
VERY = "(muy |tan |realmente |totalmente |absolutamente |verdaderamente |una |un |súper |de lo más |completamente |simplemente |ya )*"
NOUGHT = "(ningún|ninguno|ninguna|sin) (tipo de )?(error|errores|problema|problemas|incidencia|incidencias|inconveniente|conflicto|conflictos|duplicado|duplicados|diferencia|diferencias|fallo|fallos|discrepancia|discrepancias|motivo|razón|coste|costo|recargo|defecto|cambio)"
BAD = "(frustrante|ridículo|ridícula|inaceptable|indignante|vergonzoso|vergüenza|tomadura de pelo|desesperante|pérdida de tiempo|burla|insoportable|porquería|inútil|lamentable|exasperante)"

WORDINGS = {
    "refusal": Wording(
        [
            "no (puedo|podemos|podré|podría) (ayudarte|ayudarle|ayudaros|ayudarles|asistirte|asistirle|ayudar|asistir|colaborar|apoyarte) (con|en) (eso|esto|ello|esa|ese|esta|este|tu|su|ese tipo|este tipo)",
            f"no (te |le |os |les )?(puedo|podemos) (ayudar|asistir)( (con|en) (eso|esto|ello|esa \\w+|ese \\w+|esta \\w+|este \\w+))?{END}",
            "(lo siento|lo lamento|disculpa|disculpe|perdona|lamentablemente),? (pero )?(eso |esto )?no (lo )?(puedo|podemos) (hacerlo|hacer (eso|esto)|ayudarte|ayudarle|ayudar|responder a (eso|esa)|cumplir|realizar (esa|esta))",
            f"(eso|esto) no (lo )?(puedo|podemos|voy a) (hacer|hacerlo|responder|escribir){END}",
            f"no (puedo|podemos|voy a) hacer (eso|esto|algo así){END}",
            "no (estoy|estamos) (autorizad[oa]|autorizados|facultad[oa]|capacitad[oa]) (a|para)",
            "no (me está|tengo) permitido",
            "no (puedo|podemos|debo) (proporcionar|proporcionarte|proporcionarle|dar|darte|darle|ofrecer|ofrecerte|ofrecerle|facilitar|facilitarte|facilitarle|compartir|revelar) (ese tipo|este tipo|esa información|esos datos|consejos?|asesoramiento|asesoría|instrucciones|información (personal|confidencial|sobre otros|de otros)|un diagnóstico|diagnósticos?|recomendaciones|opiniones|datos (personales|de otros|de otras)|consejo)",
            "no (puedo|voy a|debo) (generar|escribir|redactar|crear|producir) (ese|este|esa|contenido|algo así|un texto así|un texto de ese|material)",
            "(va|iría|está|sería|atenta) (en )?contra (de )?(mis|nuestras|nuestra|nuestros|mi) (normas|políticas|política|directrices|principios|reglas|pautas)",
            "(infringe|viola|incumple) (mis|nuestras|nuestra|nuestros) (normas|políticas|política|directrices|principios|reglas)",
            "(debo|tengo que|tendré que|me veo obligad[oa] a|debemos) (rechazar|declinar|negarme|denegar)",
            "(me niego|nos negamos) a|prefiero no (responder|opinar|hacerlo|escribir|pronunciarme|dar)",
            "(queda|está|cae|se sale) fuera de (mi|mis|nuestro|nuestras|nuestros) (alcance|competencia|competencias|funciones|ámbito|posibilidades|atribuciones)",
            "como (una )?(ia|inteligencia artificial|modelo de lenguaje|asistente virtual|asistente de ia|asistente),? no (puedo|debo|estoy autorizad[oa]|me está permitido)",
        ],
        [
            "(si|cuando|aunque|por qué|porque) no (te |le )?(puedo|podemos)",
            "no (te |le )?(puedo|podemos) (ayudar|ayudarte|ayudarle) ... ,? ?(si no|sin|hasta que|mientras)",
            "no puedo (esperar|evitar|estar más)",
        ],
    ),
    "task_failure": Wording(
        [
            "no (he|hemos) (podido|logrado|conseguido) \\w{3,20}r(lo|la|los|las|me|te|le|se)?",
            "no (pude|pudimos|logré|logramos|conseguí|conseguimos) \\w{2,20}r(lo|la|los|las|te|le|se)?",
            "no (he encontrado|hemos encontrado|encontré|encontramos|encuentro|localicé|he localizado|se encontraron|se han encontrado|se encontró|se ha encontrado|consigo encontrar|logro encontrar) (ningún|ninguno|ninguna|nada|resultados|coincidencias|registros|vuelos|el|la|los|las|tu|su|tus|sus|esa|ese|información)",
            "no hay (resultados|coincidencias|registros) (para|con|que|de)",
            "(ha habido|hubo|se ha producido|se produjo|ha ocurrido|ocurrió|ha surgido|surgió|tuvimos|hemos tenido|tuve|he tenido) (un|algún) (error|problema|fallo|inconveniente)( técnico| inesperado| interno| al| con| en|,|\\.|$)",
            "algo (ha salido|salió|fue|ha ido) mal",
            "(sistema|servicio|reserva|búsqueda|operación|conexión|cancelación|solicitud|servidor|consulta|exportación|carga) (ha fallado|falló|no responde|no está respondiendo|no ha respondido|no respondió)",
            "no (me |nos )?(ha sido|fue) posible \\w{3,20}r(lo|la|los|las|te|le)?",
            "no se (pudo|ha podido|pudieron|han podido) \\w{3,20}r(lo|la)?",
            "(lo siento|lamentablemente|por desgracia|desafortunadamente|desgraciadamente),? (pero )?no (consigo|logro|puedo) (encontrar|acceder|abrir|ver|localizar|cargar|leer|conectar|completar)",
        ],
        [
            NOUGHT,
            "(si|cuando|aunque|en caso de que) (no|el \\w+|la \\w+|algo|hubo) ...",
            "no pude evitar",
        ],
    ),
    "human_request": Wording(
        [
            # What is asked for is a person in so many words, or no machine.
            f"(agente|operador|operadora|asesor|asesora|humano|representante|persona real)(,? (por favor|porfa|ya|operadora|agente|humano))+{END}",
            f"^(agente|operador|operadora|asesor|asesora|humano|representante|un humano|una persona){END}",
            "(de carne y hueso|persona de verdad|persona real|humano real|agente humano|soporte humano|asesor real|gestor humano|atención humana|operador humano)",
            f"(ponme|póngame|pónganme|pásame|páseme|me pones|me pone|me pasas|me pasa|me comunicas|me comunica|me comunican|comunicarme|comunícame|comuníqueme|conéctame|conécteme|transfiéreme|transfiérame|derivarme|páselo|pásalo) (por favor |ya )?(con|a) ({A}|tu |un |una |unos )*({WHO}|alguien|funcionario|gerente|jefe|responsable|técnico|soporte|encargado|compañero)",
            "(que (lo |la |me lo |mi caso lo |esto lo |mi \\w+ lo )?(vea|mire|revise|revisara|revisase|atienda|conteste|contesta|explicara|explique|resuelva|lleve)) (un|una|algún|alguna|alguien) ?(persona|humano|agente|ejecutivo|técnico|médico|enfermera|asesor|de la oficina|ser humano)?",
            "(no|y no|en vez de|en lugar de|antes que) (con |de )?(un|una|el|la|este|esta) (bot|robot|maquinita|ia|sistema automático|asistente virtual|chatbot)",
            "(quiero|quisiera|necesito|prefiero|me gustaría|preferiría|quería|podría|puedo) (hablarlo|tratarlo|verlo|chatear|explicarlo|explicárselo|contárselo|hablar|tratar esto|hacerlo) (directamente |por teléfono |mejor )?(con|a) (alguien|un humano|una persona|un agente|una|un|algún)",
            "(me|nos) (atienda|llame|contacte|conteste|ayude|responda) (ya |por favor )?(un|una|algún|alguna|alguien) ?(persona|humano|ser humano|agente|representante|asesor|técnico|vendedor|empleado|operador|supervisor|de carne)?",
            "(hay|habrá|hubiera|tenéis|tienen) (por ahí )?(alguien|algún empleado|alguna persona|algún humano|un humano) (de|que|con|ahí|real|humano)",
            "con quién (tengo que|puedo|debo|hay que) (hablar|comunicarme|contactar)",
            "(escala|escalá|escale|deriva|derivá|derive|pasa|pasá|pase) (esto|el caso|mi caso|el ticket|la consulta) (a|con) (un|una|alguien|el|la|tu|su) ",
            "(venga|que venga|llamen a|llama a|llame a|trae a|traigan a) (una|un|alguna|tu|su) (persona|humano|supervisor|encargado|jefe|empleado)",
            "(me )?(podrían|podéis|pueden|podría|podrías|puede|puedes) llamar(me)? (por teléfono|alguien|una persona|ustedes)",
            f"(quiero|quisiera|necesito|prefiero|preferiría|me gustaría|puedo|podría|exijo|deseo|quería|déjame|déjeme|solicito) (por favor )?(ya )?(hablar|comunicarme|chatear|tratar|conversar) (directamente |ya |por favor )?con {A}{WHO}",
            "(quiero|quisiera|necesito|prefiero|me gustaría|puedo|podría|exijo|deseo|quería) (por favor )?(hablar|comunicarme) (directamente |ya )?con (alguien|una persona) (real|humano|humana|de verdad|de soporte|de atención|del equipo|de su equipo|de vuestro equipo|del servicio)",
            "(quiero|quisiera|necesito|prefiero|exijo|puedo) (hablar|comunicarme) con alguien(,| por favor|\\.|!|$)",
            f"(pásame|páseme|pasame|comunícame|comuníqueme|comuníquenme|conéctame|conécteme|transfiéreme|transfiérame|ponme|póngame|derívame|deríveme) (por favor |ya |directamente )?(con|a) {A}{WHO}",
            f"(puede|puedes|podría|podrías|pueden) (comunicar|pasar|conectar|transferir|poner|comunicarme|pasarme|conectarme|transferirme|ponerme) (por favor )?con {A}{WHO}",
            "(hay|habrá|existe) (algún|alguna|un|una) (humano|persona real|agente humano|operador|ser humano|persona de verdad)",
            "que me (llame|atienda|contacte|ayude|responda) (ya )?(un|una|algún|alguna) (persona|agente|humano|asesor|asesora|operador|operadora|ser humano)",
            "(puede|podría) (llamarme|atenderme|ayudarme) (un|una|alguna|algún) (persona|agente|humano|asesor|asesora|operador)( real| human[oa])?",
            "no quiero (hablar|seguir hablando|chatear|tratar) (más )?con (un|una|este|esta|el) (bot|robot|máquina|ia|chatbot)",
            f"(quiero|necesito|prefiero|exijo|dame|deme) (un|una) (agente humano|persona real|humano|ser humano|persona de verdad|operador|asesor humano){END}",
            "(agente humano|persona real|operador humano|asesor humano|humano),? por favor",
        ],
        [
            "(agente|asesor|asesora|operador|representante) (inmobiliario|inmobiliaria|de viajes?|de seguros|fiscal|financiero|legal|turístico|de ventas de)",
            "(persona|agente|alguien) (que (conocí|conozco|me gusta|no conozco|no|odio)|mayor|sorda|con (ansiedad|depresión|autismo|demencia)|en duelo|enferma)",
            "(cómo|como|cuándo) (puedo|podría) hablar con una persona",
            "no (quiero|necesito|hace falta|quisiera) (hablar|comunicarme) con (un|una) (persona|humano|agente|asesor|operador)",
        ],
    ),
    "correction": Wording(
        [
            "no(,|\\.|!|:) (yo )?(quise decir|quería decir|me refería|me refiero|dije|te dije|le dije|había dicho|pregunté|pedí|te pedí|hablaba de|hablo de|decía)",
            "no me (refería|refiero) a (eso|esto|ese|esa|este|esta|esos|esas)",
            f"(eso|esto|así) (no es|no está|no era) (correcto|bien|cierto|así){END}",
            f"(eso|esto) (está|es|sigue) (mal|incorrecto|equivocado|estando mal){END}",
            "(eso |esto |ese |esa )?no (es|era|fue) (eso )?lo que (yo )?(te |le |os )?(pedí|pregunté|dije|quería|quise|buscaba|necesito|quiero|busco|necesitaba|he pedido|había pedido)",
            "(me has entendido|me entendiste|me ha entendido|has entendido|entendiste|me entendió) mal",
            "no me (has entendido|entendiste|ha entendido|entendió)( bien)?",
            "te (equivocaste|has equivocado|estás equivocando|equivocas)",
            "(me|lo|la|los|las|te) (has|estás|habéis|ha) (confundido|confundiendo)( con| de)?",
            "(has|estás) (confundido|confundiendo) (el|la|los|las|mi|mis)",
            "(no(,|\\.) )ningun[oa] de (esos|esas|estos|estas|ellos|ellas|los dos|las dos|los tres|las tres)",
            "ningun[oa] de (esos|esas|estos|estas) (me|es|era|sirve|vale|está)",
            "(yo )?no (te |le )?(dije|pedí|pregunté) (eso|esto)",
            "no(,|\\.) (eso )?no es (así|eso|ese|esa|correcto)",
        ],
        [
            "(eso|esto) (está|es|no es|no está) (mal|incorrecto|correcto|bien) ?\\?",
            "(dice|dijo|cree|creo|piensa) que (eso|esto) (está|es|no es)",
            "(si|cuando) (eso|esto|no)",
            "(perdón|perdona|ups|mi error)(,|\\.)? (me equivoqué|quise decir)",
        ],
    ),
    "user_frustration": Wording(
        [
            f"(esto|eso|esta app|este bot|este chat|este servicio|el bot|este asistente|vuestro servicio|su servicio) (es|está siendo|me parece|resulta) {VERY}{BAD}",
            "eres (muy |tan |realmente |totalmente |completamente |un |una |un completo )*(inútil|inservible|desastre|incompetente|desesperante)",
            "estoy (muy |tan |ya |más que |bastante |realmente |totalmente )*(hart[oa]|cansad[oa]|enfadad[oa]|enojad[oa]|molest[oa]|frustrad[oa]|furios[oa]|decepcionad[oa]|indignad[oa]) (de|con) (ti|usted|ustedes|vosotros|repetir|repetirlo|repetirme|repetírtelo|explicar|tener que (repetir|explicar)\\w*|su (servicio|bot)|vuestro (servicio|bot)|tus respuestas|este (bot|chat|servicio|asistente|sistema|chatbot|robot)|esta (app|aplicación|conversación|ia|máquina))",
            "(cuántas veces|cuántas veces más) (tengo que|te lo|te tengo que|debo|más|hay que|he de|se lo|le tengo que|necesito) ... ?(decir|repetir|decirlo|repetirlo|explicar|explicarlo|pedir|preguntar|digo|repito|diga|repita|decírtelo|repetírtelo|explicártelo|decirte|repetirte)",
            "(he dicho|dije|he repetido|expliqué|he explicado|repetí|he pedido|pedí|di|he dado|pregunté) (ya )?(mil|tres|dos|cuatro|cinco|diez|varias|muchas|cien|\\d+) veces",
            "ya (te|se|os) lo (he dicho|dije|expliqué|he explicado|repetí|di|he dado)",
            "no me (estás|está|están) (escuchando|leyendo|entendiendo|ayudando|haciendo caso)",
            "no me (escuchas|haces (ni )?caso|ayudas (en )?nada)",
            "(no entiendes|no sirves (de|para)|no ayudas (en )?|no te enteras de) ?nada",
            "gracias por nada",
            "(estás|está|están) haciendo perder (el|mi) tiempo|haciéndome perder (el|mi) tiempo|qué pérdida de tiempo",
            "(vaya|menuda|menudo|qué) (mierda|porquería|desastre|basura) de (bot|servicio|asistente|app|aplicación|atención|chatbot|soporte)",
            "(bot|asistente|chatbot|robot|máquina) (de mierda|inútil|estúpid[oa]|inservible|de pacotilla)",
            "peor (servicio|bot|asistente|atención|chatbot|soporte|servicio al cliente)",
            "(deja|dejen|deje|para) (ya )?de (repetir|repetirme|decirme|preguntarme|inventar|inventarte|inventarse|mentir|mentirme|disculparte|darme (largas|la misma))",
            "(me estás|me están|me está|me estáis) (tomando el pelo|vacilando)",
            "siempre (me das |me da |das )?la misma respuesta|otra vez la misma respuesta",
            "estoy hasta (las narices|los huevos|la coronilla|el gorro|el moño|la madre|los cojones)",
            "es la (segunda|tercera|cuarta|quinta|enésima|décima) vez que (te |le |se |lo |os )*(pregunto|pido|escribo|explico|repito|digo|contacto)",
        ],
        [
            "(no (es|está|estoy|fue)|ya no|nada) (tan |muy |nada |una |un )*(frustrante|ridículo|inaceptable|inútil|pérdida de tiempo|hart[oa]|cansad[oa]|enfadad[oa]|enojad[oa]|molest[oa])",
            "(mi|mis) (jefe|jefa|vecino|vecina|casero|casera|compañero|compañera|novio|novia|marido|mujer|hijo|hija|ex|hermano|hermana) ...",
            "(dice|dijo|cree|piensa) que (esto|eso) es",
            f"(esto|eso) es {VERY}{BAD} ?\\?",
        ],
    ),
    "win": Wording(
        [
            f"(ahora|ya|por fin) (sí )?(que )?(me )?(funciona|va|sale)( bien| perfectamente| perfecto| todo| de nuevo| genial| de maravilla)?({END}| gracias)",
            f"(eso|esto|sí|perfecto|genial|listo|ya|excelente|pues)(,|!|\\.)? (sí )?(que )?(me )?(funcionó|ha funcionado|sirvió|ha servido|resultó)( perfectamente| muy bien| perfecto| mucho| de maravilla)?({END}| gracias| muchas)",
            "(funcionó|ha funcionado) (perfectamente|a la perfección|perfecto|de maravilla|a la primera)",
            "funcionó ?!",
            "me (has|ha|han|habéis) (ayudado|servido) (mucho|muchísimo|un montón|bastante)",
            "me (has|ha|han) sido de (gran|mucha|muchísima) ayuda",
            "me (ayudaste|ayudó|sirvió) (mucho|muchísimo|un montón|bastante)",
            "me (has salvado|salvaste|ha salvado)( la vida| el día| la tarde)?",
            "(eres|sois|es usted) (realmente |simplemente |de verdad )?(el mejor|la mejor|los mejores|lo máximo|un genio|un crack|un sol|un amor|muy amable|un ángel|genial|increíble|maravillos[oa]|una maravilla|grande)",
            "(justo|exactamente|precisamente|es) lo que (necesitaba|buscaba|quería|estaba buscando|andaba buscando)",
            f"(problema|duda|asunto) (resuelt[oa]|solucionad[oa]|arreglad[oa]|aclarad[oa]){END}",
            f"(ya |por fin )(se )?(solucionó|ha solucionado|arregló|ha arreglado|resolvió|ha resuelto|está (solucionado|resuelto|arreglado))( el problema| todo)?{END}",
        ],
        [
            "(no|nunca|nada|tampoco|sin|casi) (\\w{1,15} ){0,3}?(funcionó|funciona|ha funcionado|sirvió|ha servido|ayudado|ayudó|ayudaste|resuelt[oa]|solucionad[oa]|lo que (necesitaba|buscaba|quería))",
            "(si|cuando|espero que|ojalá|a ver si|hasta que) (\\w{1,15} ){0,3}?(funcionó|funciona|funcione|sirvió|ayudó|se solucionó)",
            "(ayer|antes|siempre|la semana pasada) ... (funcionó|funcionaba|ayudó)",
            "mi (madre|padre|amig[oa]|profesor|profesora|médico|médica|jefe|jefa) me (ha |)(ayudado|ayudó|salvó)",
        ],
    ),
    "thanks": Wording(
        [
            "(muchas|muchísimas|mil|millones de|un millón de) gracias",
            "gracias (por (tu|su|la|toda la|toda tu|toda su|vuestra) (ayuda|paciencia|atención|rapidez|amabilidad|gran ayuda|tiempo)|por todo|por ayudarme|de verdad|de corazón|infinitas)",
            "(perfecto|genial|excelente|estupendo|fantástico|maravilloso|increíble|buenísimo|de maravilla)(,|!|\\.)? ?(muchas )?gracias",
            "gracias(,|!|\\.)? (es |está |todo |eres )?(perfecto|genial|excelente|estupendo|maravilloso)",
        ],
        [
            "no(,|\\.)? (muchas )?gracias",
            "gracias (por nada|de antemano|por adelantado|pero|igualmente|a (mi|la|los|las|mis|dios))",
        ],
    ),
    "closes": Wording(
        [
            "no(,|\\.|!)? (muchas )?(gracias|eso (es|era|sería) todo|es todo|nada más|así está bien|con eso (es suficiente|basta)|por ahora no|ya está|todo bien)",
            "no(,|\\.) no (tengo|recuerdo|me acuerdo|sé|encuentro) (el |la |mi |ese |de |ningún )*(número|código|contraseña|correo|referencia|dirección)",
            "no (pasa nada|importa|hay problema|te preocupes|se preocupe)",
        ]
    ),
}  # fmt: skip
