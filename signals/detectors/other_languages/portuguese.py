"""Portuguese, of Brazil and of Portugal."""

from signals.detectors.other_languages.wording import END, Wording

YOU = "(te |lhe |o |a |você )?"
WHO = "(pessoa|humano|ser humano|atendente|agente|operador|operadora|representante|assistente humano|funcionário|funcionária|supervisor|supervisora|gerente|responsável|consultor)"
A = "(um |uma |algum |alguma |o |a |outro |outra |qualquer )"
VERY = "(muito |tão |realmente |simplesmente |completamente |totalmente |um |uma |extremamente |já |bem |mesmo )*"
NOUGHT = "(nenhum|nenhuma|sem) (tipo de )?(erro|erros|problema|problemas|divergência|divergências|conflito|conflitos|duplicata|duplicado|duplicados|falha|falhas|diferença|diferenças|inconsistência|inconsistências|restrição|taxa|custo|defeito|motivo)"
BAD = "(frustrante|ridículo|ridícula|inaceitável|absurdo|vergonha|vergonhoso|palhaçada|perda de tempo|piada|insuportável|lamentável|desrespeito)"

WORDINGS = {
    "refusal": Wording(
        [
            # What the agent does not do, in the first person.
            "não (o |a |os |as |te |lhe |me |lhes )*(compartilho|partilho|vou (partilhar|compartilhar|ajudar|contar|alterar|fazer|tomar|apagá-los|revelar|participar|escrever|dizer|criar|dar|fornecer)|farei|faço (a prova|promessas|isso|passar)|conto piadas|destranco|trabalho com|ajudo a|participo|reproduzo|forneço|revelo|divulgo|dou (conselhos|diagnósticos|recomendações))",
            "(com isso|nisso|a isso) não (vou|posso) (ajudar|participar|responder)|não me cabe|terei (que|de) (declinar|recusar)|sem chance,|não me (permitem|é permitido|faço passar)",
            "não (o |a |os |as )?(posso|podemos|devo) (revelar|prescrever|divulgar|partilhar|compartilhar|recomendar|aconselhar|ajudar (com isso|nisso)|fornecer (esses|esse|dados|informações)|transferir jogadores)|não a posso revelar",
            "(por|pelas) (norma|normas|regras|política|políticas|razões|motivos) (do|da|de) ... não (posso|vou|podemos|compartilho|partilho)",
            "(seria|é) (ilegal|crime|fraude|trapaça|proibid[oa]),? ... não (vou|farei|faço|dá|participo|posso)",
            "(continuo sem poder|não estou autorizad[oa]|estou impedid[oa] de) ",
            f"não (posso|podemos|poderei) {YOU}(ajudar|ajudá-lo|ajudá-la|ajudar-te|ajudá-los|auxiliar|auxiliá-lo|auxiliá-la|ajudar você|assistir|ajudar-lhe) (com|nisso|nisto|nesse|nessa|neste|nesta|em|a fazer)",
            f"não (posso|podemos) {YOU}(ajudar|ajudá-lo|ajudá-la|ajudar-te|auxiliar|auxiliá-lo|ajudar você){END}",
            f"(nisso|nisto|com isso|com isto|isso|isto) (eu )?não {YOU}(posso|podemos) (ajudar|ajudá-lo|ajudá-la|fazer|auxiliar|responder){END}",
            f"não (posso|podemos|vou) fazer (isso|isto|algo assim){END}",
            "(desculpe|desculpa|sinto muito|lamento|infelizmente),? (mas )?(eu )?não (posso|podemos) (fazer|atender|responder|auxiliar|realizar|cumprir) (isso|isto|a esse|a essa|esse|essa|seu|sua)",
            "não (estou|estamos|fui|sou) (autorizad[oa]|autorizados|programad[oa]|habilitad[oa]) (a|para)",
            "não (tenho|temos) (autorização|permissão) para|não me é permitido",
            "não (posso|podemos|devo) (fornecer|dar|oferecer|compartilhar|partilhar|divulgar|revelar|fornecer-lhe|dar-lhe|dar-te) (esse tipo|este tipo|conselhos?|aconselhamento|diagnósticos?|informações (pessoais|confidenciais|de outros|sobre outros)|dados (pessoais|de outros|de outras)|instruções|conteúdo|recomendações|essa informação|essas informações|um diagnóstico|opiniões)",
            "não (posso|vou|devo) (escrever|gerar|criar|produzir|redigir) (esse|este|essa|conteúdo|algo assim|um texto assim|material)",
            "(vai contra|viola|é contra|fere|iria contra|contraria) (as |a |os )?(minhas|nossas|minha|nossa|meus|nossos) (diretrizes|políticas?|regras|normas|princípios)",
            "(preciso|tenho que|tenho de|devo|vou ter que|terei de) (recusar|declinar|me recusar)|(me recuso|recuso-me) a|prefiro não (responder|opinar|fazer|escrever|comentar)",
            "(está|fica|isso foge|foge|isso está) (fora )?(do|ao|da|das) (meu|minha|nosso|nossas|minhas) (alcance|escopo|competências?|âmbito|funções|atribuições)",
            "como (uma |um )?(ia|inteligência artificial|modelo de linguagem|assistente virtual|assistente de ia),? (eu )?não (posso|devo|tenho permissão|estou autorizad[oa])",
        ],
        [
            "(se|quando|porque|por que|embora) (eu )?não (posso|podemos)",
            "não (posso|podemos) (te |lhe )?(ajudar|ajudá-lo|ajudá-la) ... ,? ?(se não|sem|até que|enquanto)",
            "não posso (esperar|deixar de|negar)",
        ],
    ),
    "task_failure": Wording(
        [
            # What went wrong with a tool or a system.
            "(o envio|a execução|o pagamento|a conversão|o pedido|o deploy|a transcrição|a pesquisa|a busca|a chamada|a instalação|a transferência|a compra|o upload|o download|a reserva|a sincronização) ... (falhou|falha|não completou|não foi concluíd[oa]|foi interrompid[oa]|expirou|não devolveu|deu erro|abortad[oa]|não realizad[oa]|não foi possível|parou)",
            "(o sistema|o serviço|a máquina|o portal|o sensor|o site|o servidor|a api|a página|o app|o aplicativo) ... (fora do ar|em baixo|indisponível|offline|não respondeu|não responde|não está a responder|deu erro|não carrega|não carregou|caiu)",
            "(erro ao|falha ao|falha na|deu ruim|deploy abortado|ocorreu (um erro|uma falha|falha)|sinal de gps perdido|acesso negado)",
            "não (consegui|conseguimos|foi possível|deu para|deu pra|cheguei a|pôde ser|foi concluíd[oa]|localizou) ",
            "(tentei|voltei a tentar|procurei|vasculhei|busquei) ... (mas|e nenhum|e nenhuma|e não|e o|sem) ",
            "(nenhum|nenhuma|zero|0|sem) (resultado|resultados|registo|registro|voo|horário|vaga|vagas) (para|encontrad|com|livre|nessa)|não há (nada|nenhum|qualquer)",
            "(não seguiu|foi rejeitad[oa] pel|parou na|fiquei sem resposta|não ficou nada marcado)",
            "não (consegui|conseguimos|pude|pudemos) \\w{2,20}(r|-lo|-la|-los|-las)",
            "não foi possível \\w{2,20}(r|-lo|-la|-los|-las)",
            "não (encontrei|encontramos|localizei|localizamos|achei|achamos|foram encontrados|foi encontrado|foi encontrada|foram encontradas) (nenhum|nenhuma|nada|resultados|registros|registos|o|a|os|as|seu|sua|esse|essa|este|esta|voos|informações|qualquer)",
            "(ocorreu|houve|aconteceu|tive|tivemos|surgiu|encontrei|deu) (um|algum|uma) (erro|problema|falha)( técnico| técnica| inesperado| interno| ao| na| no| com|,|\\.|$)",
            "(algo|alguma coisa) (deu errado|correu mal|saiu errado|não correu bem)",
            "(sistema|serviço|reserva|busca|pesquisa|operação|conexão|ligação|servidor|consulta|exportação|tentativa|sincronização|atualização) (falhou|não respondeu|não responde|não está respondendo|não está a responder|está fora do ar)",
            "não (estou conseguindo|estou a conseguir|estamos conseguindo) \\w{2,20}(r|-lo|-la)",
            "não (consigo|conseguimos) (encontrar|localizar|acessar|aceder|abrir|carregar|ler|conectar|concluir|completar|visualizar|encontrá-lo|encontrá-la)",
        ],
        [
            NOUGHT,
            "(se|caso|quando|embora) (eu |você |o \\w+ |a \\w+ )?(não|houve|ocorreu|falhou|der|algo) ...",
            "não (pude|consegui) (deixar de|evitar)",
        ],
    ),
    "human_request": Wording(
        [
            # What is asked for is a person in so many words, or no machine.
            f"(atendente|humano|operador|operadora|gente|pessoa|atendimento humano|falar com atendente)(,? (por favor|pfv|pf|se faz favor|já|agora|atendente))+{END}",
            f"^([0 ]*)(quero )?(falar com (um |uma |o |a )?)?(atendente|humano|operador|um humano|atendimento humano|uma pessoa|transfere|transferir|transfira){END}",
            "(de carne e osso|pessoa de verdade|pessoa d vdd|pessoa real|colaborador humano|atendimento humano|atendente humano|olhos humanos|ser humano|alguém real|humano online)",
            f"(passa|passe|transfere|transfira|encaminha|encaminhe|coloca|coloque|põe|ponha|bota|bote|chama|chame|liga|ligue|escala|escale)(-me| me|-nos)? (isto |isso |ai |aí )?(por favor )?(a|ao|à|para|pra|pro|com|em contacto com|em contato com|na conversa)? ?(um |uma |o |a |algum |alguma |seu |sua )?({WHO}|alguém|humano|colaborador|técnico|suporte|supervisor|gerente|analista|moderador|enfermeira|perito|responsável|central)",
            f"me (passa|transfere|coloca|põe|bota|chama|liga|encaminha|passar|transferir) (com |pra |pro |para |ao |à |um |uma |o |a )*({WHO}|alguém|suporte|humano|moderador|enfermeira|técnico|supervisor)",
            f"(encaminhar|passar|transferir|pôr|colocar|ligar)(-me| me)? (para|pra|pro|com|a|ao) (um |uma |o |a )?({WHO}|alguém|técnico|suporte|humano|colaborador)",
            f"(falar|fala|conversar|conversando|tratar|tratar disto|tirar|resolver|explicar|explicar por telefone|contato|contacto) (diretamente |direto |isto |isso )?(com|cm|pra|para) (um |uma |o |a |algum |alguma )?({WHO}|alguém|gente|humano|supervisor|técnico)",
            "(não|nao|em vez de|em vez do|em vez deste|no lugar de|invés de) (é )?(com )?(um |uma |o |a |esse |este )?(bot|robô|robo|ia|chatbot|assistente automático)",
            "(não me entendo|não quero tratar|não quero falar|nao quero mais|cansei|farto|farta|dispenso) (de |com |o |a )*(máquinas?|robôs?|bots?|programa|assistente automático|digitar|ia)",
            "(há|tem|existe) (aí )?(alguém|algum humano|humano|uma pessoa) (real|aí|online|que|com quem|humano|de verdade)",
            "(quando é que|a que horas|quando) (um|uma) (humano|pessoa|atendente) (entra|atende|responde|aparece)",
            "(chama|chame|traz|traga) (um |uma |o |a )?(humano|atendente|gerente|supervisor|supervisora|responsável)",
            "(fosse|seja|quero que seja) (um|uma) (gerente|pessoa|humano|atendente|funcionário|técnico) ",
            "(dá|da|dava) (pra|para) (um|uma) (atendente|pessoa|funcionário|humano) (falar|ligar|atender|explicar)",
            f"(quero|queria|gostaria de|preciso|preciso de|prefiro|posso|poderia|desejo|exijo|dá para|tem como|dá pra) (por favor )?(falar|conversar|ser atendid[oa]|tratar) (diretamente |direto |logo )?(com|por) {A}{WHO}",
            "(quero|queria|gostaria de|preciso|prefiro|posso|poderia) (falar|conversar) (diretamente |direto )?com alguém( (de verdade|do suporte|da equipe|da equipa|real|humano|do atendimento)|,| por favor|\\.|!|$)",
            f"(transfira|transfere|passe|passa|conecte|coloque|encaminhe|transfiram|ligue|passem)(-me)? (me )?(por favor )?(para|pra|com|a|ao|à) (um |uma |algum |alguma |o |a )?{WHO}",
            f"me (transfira|transfere|passe|passa|conecte|coloque|encaminhe|transfiram) (por favor )?(para|pra|com|a|ao|em contato com) (um |uma |algum |alguma |o |a )?{WHO}",
            f"(pode|poderia|podem|podes) (me )?(passar|transferir|encaminhar|conectar|passar-me|transferir-me) (por favor )?(para|pra|com|a) {A}{WHO}",
            "(tem|há|existe) (aí )?(algum|alguma|um|uma) (humano|pessoa real|pessoa de verdade|atendente|ser humano)",
            "não quero (mais )?(falar|conversar|continuar falando) (mais )?com (um|uma|esse|essa|este|o) (robô|bot|máquina|ia|chatbot)",
            f"(quero|preciso de|prefiro|exijo) (um|uma) (atendente|humano|pessoa real|pessoa de verdade|ser humano|atendimento humano|atendente humano){END}",
            "(atendente|agente|pessoa|atendimento) (humano|humana|real),? por favor",
            "(quero|preciso de|gostaria de) atendimento humano",
            "(que )?(um|uma|algum|alguma) (atendente|pessoa|humano|funcionário|responsável|agente) (me (ligue|atenda|contate|ajude|contacte|responda)|entre em contato comigo)",
        ],
        [
            "(agente|representante|consultor|operador) (imobiliário|de viagens?|de seguros|financeiro|turístico|comercial de)",
            "(pessoa|alguém) (que (conheci|conheço|eu|não|me)|idosa|surda|com (ansiedade|depressão|autismo|demência)|de luto|doente)",
            "(como|quando) (eu )?(posso|poderia) (falar|conversar) com uma pessoa",
            "não (quero|preciso|precisa) (falar|conversar) com (um|uma) (pessoa|humano|atendente|agente)",
        ],
    ),
    "correction": Wording(
        [
            "não(,|\\.|!|:) (não,? )?(eu )?(quis dizer|queria dizer|me referia|me refiro|estava falando|estava a falar|falei|disse|pedi|perguntei|tinha dito|tinha pedido|referia-me|te disse|lhe disse)",
            "não (foi|era|é) (bem |nada )?(isso|esse|essa|isto) (o )?que (eu )?(te |lhe )?(pedi|disse|quis|queria|perguntei|quero|falei|procuro|preciso)",
            "não (foi|era|é) (isso )?o que (eu )?(te |lhe )?(pedi|disse|quis|queria|perguntei|quero|falei|procuro|preciso)",
            f"(isso|isto|essa resposta) (está|continua|é) (completamente |totalmente |tudo |ainda )?(errado|errada|incorreto|incorreta){END}",
            f"(isso|isto) não (está|é) (certo|correto|correta|verdade){END}",
            "(você|tu|vc) (se enganou|entendeu (tudo |isso |me )?(errado|mal)|se confundiu|confundiu|está confundindo|não (me )?entendeu|me entendeu (mal|errado)|enganaste-te|percebeste mal|errou (o|a|na|no))",
            "(enganaste-te|percebeste mal|entendeste mal|enganou-se|percebeu mal|me entendeu mal|entendeu errado)",
            "não(,|\\.) nenhuma? (deles|delas|desses|dessas|destes|destas|dos dois|das duas|dos três|das três)",
            "(eu )?não (te |lhe )?(disse|pedi|perguntei|falei) (isso|isto)",
            "não me (referia|refiro) a (isso|esse|essa|este|esta)",
        ],
        [
            "(isso|isto) (está|é|não está|não é) (errado|incorreto|certo|correto) ?\\?",
            "(diz|disse|acha|acho|pensa|falou) que (isso|isto) (está|é|não)",
            "(se|quando) (isso|isto) (está|estiver|não)",
            "(desculpa|desculpe|ops|foi mal)(,|\\.|!)? (eu )?(me enganei|me confundi|quis dizer)",
        ],
    ),
    "user_frustration": Wording(
        [
            f"(isso|isto|esse bot|este bot|esse chat|este chat|esse app|esta app|esse atendimento|este atendimento|esse serviço|este serviço) (é|está sendo|está a ser|está ficando) {VERY}{BAD}",
            "(você|vc|esse bot|este bot|esse robô|tu) (é|és) (muito |tão |realmente |completamente |totalmente |um |uma )*(inútil|incompetente|péssimo|imprestável|burro|desastre)",
            "(estou|tô|já estou|fico) (muito |tão |bem |ficando |extremamente |já |realmente )*(cansad[oa]|fart[oa]|irritad[oa]|frustrad[oa]|chatead[oa]|furios[oa]|decepcionad[oa]|de saco cheio) (com (você|vocês|esse (bot|atendimento|app|serviço|chat)|este (bot|atendimento|serviço|chat)|o atendimento de vocês|o (vosso|seu) (serviço|atendimento))|de (você|vocês|repetir|me repetir|ter que (repetir|explicar)|ter de (repetir|explicar)|explicar)|(desse|deste) (bot|atendimento|app|serviço|chat))",
            "quantas vezes (mais )?(eu )?(tenho que|tenho de|preciso|terei que|vou ter que|é preciso|devo|vou precisar) (\\w{1,10} ){0,2}?(repetir|dizer|falar|explicar|pedir|perguntar)",
            "(falei|disse|expliquei|pedi|repeti|perguntei|informei|mandei) (isso |isto |já )?(mil|três|duas|quatro|cinco|várias|dez|umas|\\d+) vezes",
            "já (te|lhe|vos) (disse|falei|expliquei|dei) (isso|isto)",
            "você não (está (me )?(ouvindo|escutando|entendendo|lendo|ajudando)|me (escuta|ouve|entende)|entende nada|serve (para|pra) nada|ajuda em nada|presta)",
            "não (serves para|percebes) nada|não me estás a (ouvir|ajudar|perceber)",
            "(esse bot|este bot|esse robô|esse atendimento|esse chat) não (serve (para|pra) nada|presta|ajuda em nada)",
            "obrigad[oa] por nada",
            "fazendo(-me)? (eu )?perder (o )?(meu )?tempo|a fazer-me perder (o meu )?tempo|que perda de tempo",
            "pior (atendimento|serviço|bot|suporte|assistente|chatbot)",
            "(bot|robô|assistente|chatbot) (inútil|burro|idiota|de merda|estúpido|imprestável)",
            "(pare|pára|parem|para) de (repetir|me perguntar|inventar|mentir|se desculpar|me enrolar|enrolar|me dizer|dizer a mesma)",
            "(está|tá|estão|estás) (de brincadeira|me zoando|brincando comigo|de sacanagem|a gozar comigo|a brincar comigo|gozando com a minha cara)",
            "(sempre|de novo) a mesma resposta",
            "é a (segunda|terceira|quarta|quinta|milésima|enésima|décima) vez que (eu )?(te |lhe |vos )?(peço|pergunto|digo|falo|explico|escrevo|repito)",
        ],
        [
            "(não (é|está|foi|estou)|nada) (tão |muito |nada |uma |um )*(frustrante|ridículo|inaceitável|absurdo|perda de tempo|cansad[oa]|irritad[oa]|chatead[oa])",
            "(meu|minha|meus|o meu|a minha) (chefe|vizinho|vizinha|namorado|namorada|marido|esposa|mulher|filho|filha|colega|ex|irmão|irmã|senhorio) ...",
            "(diz|disse|acha|pensa|falou) que (isso|isto) é",
            f"(isso|isto) é {VERY}{BAD} ?\\?",
        ],
    ),
    "win": Wording(
        [
            f"(agora|finalmente|enfim|já) (sim,? )?(está funcionando|está a funcionar|funcionou|funciona|deu certo)( perfeitamente| direitinho| certinho| tudo| bem| muito bem)?({END}| obrigad[oa]| muito obrigad[oa])",
            f"(isso|isto|sim|perfeito|ótimo|boa|oba|legal|pronto|ufa|eba)(,|!|\\.)? (funcionou|deu certo|resolveu|ajudou (muito|demais|bastante))( perfeitamente| muito bem| direitinho| certinho| o problema| meu problema| o meu problema| de primeira)?({END}| obrigad[oa]| muito obrigad[oa])",
            "(funcionou|deu certo) (perfeitamente|direitinho|certinho|de primeira|à primeira)",
            "(funcionou|deu certo)(,|!|\\.)? (muito )?obrigad[oa]",
            "(você|vc) (me )?(ajudou (muito|demais|bastante|imenso)|salvou (a )?(minha vida|meu dia))|(você|vc) me salvou",
            "funcionou ?!",
            "(ajudou-me|ajudaste-me|ajudaste) (muito|imenso|bastante)",
            "isso me ajudou (muito|demais|bastante)",
            "(você|vc) é (mesmo |simplesmente )?(demais|incrível|o melhor|a melhor|um gênio|maravilhos[oa]|nota (10|dez)|um anjo|excelente|sensacional)|és (incrível|o maior|a maior|o melhor|a melhor|um espetáculo|fantástic[oa])",
            "(exatamente|justamente|precisamente|era|é bem|era mesmo|é exatamente) (isso|o) (o )?que (eu )?(precisava|queria|procurava|estava procurando|estava a procurar)",
            "(exatamente|justamente) o que (eu )?(precisava|queria|procurava|estava procurando|estava a procurar)",
            f"(problema|dúvida) (resolvid[oa]|solucionad[oa]|esclarecid[oa]){END}",
            f"(resolveu|resolveste) (o |meu |o meu )problema{END}",
        ],
        [
            "(não|nunca|nem|nada|ainda não|quase) (\\w{1,12} ){0,3}?(funcionou|funciona|deu certo|resolveu|ajudou|resolvido|era isso|o que eu)",
            "(se|quando|espero que|tomara que|será que|caso|até que) (\\w{1,12} ){0,3}?(funcionou|funciona|funcione|deu certo|resolveu|ajudou|resolvido)",
            "(ontem|antes|sempre|semana passada) ... (funcionou|funcionava|deu certo)",
        ],
    ),
    "thanks": Wording(
        [
            "(muito|muitíssimo|mil vezes) obrigad[oa]",
            "obrigad[oa] (mesmo|de coração|de verdade|por (tudo|sua ajuda|toda (a )?ajuda|me ajudar|ajudar)|pela (sua |tua |vossa )?(ajuda|atenção|paciência|rapidez))",
            "(perfeito|ótimo|excelente|maravilha|maravilhoso|incrível|show|sensacional|fantástico|espetáculo)(,|!|\\.)? ?(muito )?obrigad[oa]",
            "obrigad[oa](,|!|\\.)? (está |ficou |você é |é )?(perfeito|ótimo|excelente|maravilhoso|incrível)",
            "valeu demais|(muito|imensamente) agradecid[oa]",
        ],
        [
            "não(,|\\.)? (muito )?obrigad[oa]",
            "obrigad[oa] (por nada|desde já|mas|pela compreensão)",
        ],
    ),
    "closes": Wording(
        [
            "não(,|\\.|!)? (muito )?(obrigad[oa]|(isso|é só isso|era só isso|só isso)( é tudo)?(,| mesmo|\\.|!|$)|é tudo|mais nada|por (enquanto|agora) não|está (ótimo|bom|tudo bem)|tudo (bem|certo))",
            "não(,|\\.) não (tenho|lembro|me lembro|sei|encontro) (o |a |meu |minha |esse |do |da |nenhum )*(número|código|senha|referência|endereço|e-mail)",
            "não (faz mal|tem problema|há problema|se preocupe|importa)",
        ]
    ),
}  # fmt: skip
