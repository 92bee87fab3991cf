"""French."""

from signals.detectors.other_languages.wording import END, Wording

ALAS = "(malheureusement |hélas |donc |toujours |encore |vraiment )*"
WISH = (
    "(je (veux|voudrais|souhaite|préfère|préférerais|souhaiterais|demande à|exige de|peux)|j'aimerais|j'aimerai|puis-je|pourrais-je|est-ce que je (peux|pourrais)|laissez-moi|"
    "possible de|serait-il possible de|j'ai besoin de|je demande à)"
)
WHO = "(humain|être humain|personne|conseiller|conseillère|agent|opérateur|opératrice|interlocuteur|interlocutrice|responsable|superviseur|employé|employée|collaborateur|téléconseiller)"
REAL = "(vrai |vraie |véritable |autre )?"
VERY = (
    "(vraiment |complètement |totalement |juste |tellement |très |trop |franchement |absolument |carrément )*"
)
NOUGHT = "(aucune?|pas d'|pas de|sans) ?(\\w{1,15} )?(erreurs?|problèmes?|anomalies?|incohérences?|doublons?|conflits?|différences?|écarts?|défauts?|soucis?|frais|raison|modification|changement)"

WORDINGS = {
    "refusal": Wording(
        [
            # What the agent does not do, in the first person.
            "je ne (vous |te |le |la |les |lui |leur )*(donnerai|ferai|reproduirai|contournerai|divulguerai|rédige|rédigerai|participe|donne|partage|communique|fournis|fournirai|falsifie|aiderai|dirai|révélerai|procéderai|l'écrirai) (pas|rien|aucun|aucune|jamais)",
            "je (m'abstiens|refuse|décline|me dois de ne pas|préfère ne pas|n'accepte pas|n'en fais pas|n'y participerai pas|suis obligée? de (rejeter|refuser))",
            "(il ne m'appartient pas|ce n'est pas à moi|je n'ai pas le droit|il m'est interdit|notre règlement m'empêche|ne sont pas quelque chose que je partage|impossible pour moi d'accéder à cette)",
            f"(c'est non|je ne le ferai pas|je ne le fais pas){END}",
            "je ne (peux|saurais) pas (vous |t'|te )?(aider à|prescrire|conseiller|recommander|accorder|divulguer|communiquer|partager|donner|accéder à (la|cette) demande|délivrer)",
            "(par respect|pour (votre|ta|des raisons de) (de )?(sécurité|confidentialité)|ces (données|informations) sont confidentielles) ... je ne ",
            f"(je|nous) (ne )?(peux|pouvons|pourrai|pourrons) {ALAS}pas (vous |te |t'|y )?(aider|assister|accompagner)( (avec|pour|sur|à|dans) (ça|cela|ceci|cette \\w+|ce \\w+|ce genre de \\w+))?{END}",
            f"(je|nous) (ne )?(peux|pouvons) {ALAS}pas (vous |te |t')?(aider|assister|accompagner) (avec|pour|sur|dans|à) (ça|cela|ceci|cette|ce|votre|ta|ton)",
            f"(je|nous) (ne )?(peux|pouvons|vais|souhaite|préfère) {ALAS}pas (faire (ça|cela)|le faire|donner suite|répondre à (cette|ta|votre|ce genre)|accéder à (votre|ta|cette) demande|traiter (votre|ta|cette) demande)",
            f"(je ne suis|nous ne sommes|je suis|je n'étais) {ALAS}pas (autorisée?s?|habilitée?s?|en droit|programmée?|conçue?) (à|de|pour)",
            "je (ne )?(peux|dois) pas (vous |te )?(fournir|donner|communiquer|divulguer|partager|recommander|rédiger|écrire|générer|créer|révéler) (ce (genre|type) de|d'(avis|informations? (personnelles?|confidentielles?))|de (conseils?|diagnostics?|recommandations?|contenus?|données personnelles|telles|tels)|un tel|une telle|ces informations|ce contenu|cette information|un diagnostic|un avis|les (données|informations) (d'un autre|d'autres))",
            "(contraire à|contrevient à|va à l'encontre de|enfreint|viole|irait à l'encontre de) (mes|nos|notre|ma) (règles|règlement|politique|politiques|principes|directives|consignes|conditions)",
            "(je dois|je me dois de|je suis (contrainte?|obligée?) de|nous devons|je vais devoir) (malheureusement )?(refuser|décliner)",
            "je refuse (de|d')|je préfère ne pas (répondre|me prononcer|écrire|le faire|donner)",
            "(sort|est en dehors|dépasse|ne relève pas|relève pas|hors) (de |du |le cadre de |du cadre de )?(mon|mes|notre|nos|ma) (périmètre|domaine|compétences?|champ|fonctions|rôle|attributions|capacités)",
            "en tant qu'(ia|intelligence artificielle|assistante?|assistante? (virtuel|virtuelle|ia)|outil d'ia),? je ne (peux|suis|dois) pas",
            "en tant que modèle (de langage|linguistique|d'ia),? je ne (peux|suis|dois) pas",
            "(il m'est|cela m'est) (malheureusement )?(impossible|interdit) de (vous |te |t')?(aider|répondre|fournir|donner|communiquer)",
            "il ne m'est pas (possible|permis) de (vous |te |t')?(aider|répondre|communiquer|fournir|donner)",
        ],
        [
            "(si|quand|pourquoi|lorsque) (je|nous) (ne )?(peux|pouvons)",
            "pas (vous |te |t')?(aider|assister) ... ?(si|sans|tant que|avant)",
            "(je )?ne peux (pas )?(que|qu')",
        ],
    ),
    "task_failure": Wording(
        [
            # What went wrong with a tool or a system.
            "(a|ont|avait) (échoué|planté|expiré|bogué|buté sur)|s'est (interrompu|arrêté|interrompue|arrêtée) (à|avant|en)|n'(a|ont) pas (abouti|pu (démarrer|être|aboutir|se|charger|récupérer)|fonctionné|répondu|chargé)",
            "(échec (de la|du|de l')|connexion refusée|accès refusé|rupture de stock|erreur (technique|inattendue|503|500|404|403))",
            "(aucun|aucune) (vol|train|chauffeur|résultat|trajet|correspondance|fichier|commande|contact|rendez-vous|document|facture) (ne|n'|pour|à)",
            "(ne répond pas|ne répond plus|est (momentanément |actuellement |présentement )?(indisponible|inaccessible|hors service|en panne|hors ligne)|sont (momentanément |actuellement |présentement )?(indisponibles|inaccessibles)|affiche une panne|est tombé en panne)",
            "(j'ai|je n'ai|je n'arrive|j'ai dû) (cherché,? mais|trouvé personne|rien trouvé|pas (réussi|trouvé|pu)|abandonner|passé en revue)|je n'(arrive|arrivais) pas à (accéder|ouvrir|lire|charger|me connecter|joindre|trouver)",
            "(0|zéro|aucun) résultats? (pour|à)|n'a rien donné|le fichier est vide|je n'ai pas d'image à",
            "(le site|le service|la page|le serveur|la requête) (met trop de temps|ne charge pas|ne répond|a expiré)",
            f"(je n'ai|nous n'avons|j'ai|je n ai|nous avons) {ALAS}pas (pu|réussi|été en mesure|su|trouvé|retrouvé)",
            f"(je n'ai|nous n'avons|j'ai) {ALAS}(rien (trouvé|pu)|trouvé aucune?|pu trouver aucune?|aucune? (résultat|trace|correspondance))",
            "(une|un) (erreur|problème|incident|souci) (technique |inattendue? |interne |système )?(s'est produite?|est survenue?|est apparue?|a eu lieu|m'empêche|nous empêche|a interrompu)",
            "(il y a eu|j'ai rencontré|nous avons rencontré|j'ai eu|je rencontre|nous rencontrons) (un|une) (erreur|problème|souci|incident)",
            "quelque chose (s'est mal passé|n'a pas (fonctionné|marché)|a mal tourné)",
            "(réservation|recherche|connexion|requête|annulation|opération|système|service|modification|mise à jour|export|envoi|tentative|serveur|synchronisation) (a (de nouveau |encore )?échoué|n'a pas abouti|n'a pas fonctionné|n'a pas pu|ne répond (pas|plus))",
            "(je|nous) (ne )?(parviens|parvenons) (malheureusement |hélas |toujours )*pas à|(je|nous) (n'arrive|n'arrivons|arrive) (malheureusement |hélas |toujours )*pas à (trouver|accéder|ouvrir|charger|lire|joindre|retrouver|afficher|me connecter|récupérer|terminer|faire)",
            "(malheureusement|désolée?|hélas),? (mais )?(je ne (trouve|vois) (pas|aucune?|rien)|je ne peux pas (accéder|ouvrir|trouver|charger|lire|afficher|récupérer))",
            "je ne trouve (malheureusement |toujours )?(pas|aucune?|rien)",
            "aucune? (résultat|correspondance) (n'a été|trouvée?|ne correspond)",
            "(il (m'a|nous a) été|cela m'a été) impossible de|n'a (malheureusement )?pas été possible de",
            "(le calendrier|l'imprimante|la messagerie|le fournisseur|l'outil|la connexion|le réseau|l'appareil|l'entrepôt) (ne (répond|charge|fonctionne) (pas|plus|toujours pas)|(a renvoyé|renvoie) une erreur|a échoué)",
        ],
        [
            NOUGHT,
            "(si|quand|lorsque|au cas où|dès que) ... (échoué|pas pu|pas réussi|erreur|problème|n'a pas|pas trouvé)",
            "pas (seulement|que)",
        ],
    ),
    "human_request": Wording(
        [
            # What is asked for is a person in so many words, or no machine.
            f"(un|une|le|la)? ?(humain|conseiller|conseillère|conseiller humain|agent|opérateur|vraie personne|vrai humain) (svp|stp|s'il (vous|te) plaît|maintenant|vite){END}",
            f"^(un |une )?(humain|conseiller|conseillère|agent|opérateur|opératrice|standard){END}",
            "(en chair et en os|quelqu'un de (vrai|réel|compétent au téléphone|humain)|qqn de vrai|vraie personne|vrai humain|vrai conseiller|vrai gars|être humain|conseiller humain|agent humain)",
            f"(passe|passez|transfère|transférez|bascule|basculez|mets|mettez|redirige|redirigez|oriente|orientez)( |-)?(moi|nous|la discussion|la conversation|mon dossier|ça)? ?(sur |à |au |vers |avec |en ligne avec |en relation avec )?(un|une|votre|ton|le|la|du|au)? ?({WHO}|humain|support|technicien|service client|superviseur|chef)",
            f"(donne|donnez|cherche|cherchez|trouve|trouvez|appelle|appelez)( |-)moi (un|une|votre|ton|quelqu'un) ?{REAL}({WHO}|technicien|chef|patron)",
            f"(parler|causer|discuter|échanger|jaser|voir ça|voir cela|en parler|tomber|traiter)( directement| plutôt| ça| de vive voix)* (à|a|avec|sur) (un|une|votre|ton|vos|un de vos|une de vos|le|la) {REAL}({WHO}|préposé|préposée|humain|technicien|superviseur|collègue|collègues|infirmière|médecin|prof|gestionnaire|chef)",
            "(parler|causer|discuter|échanger) (à|a|avec) (quelqu'un|qqn|qqun)( au| du| de| des| qui| d'autre| svp| stp)",
            "(je|j') ?(veux|voudrais|préfère|aimerais|préférerais) (quelqu'un|qqn|qqun) (au téléphone|des?|du|de compétent|qui|d'autre)",
            "(pas|plus|plutôt que|au lieu|à la place) (un|une|d'un|d'une|avec un|avec une|le|de l'|à un|à une|du) ?(bot|robot|chatbot|chat automatique|système automatique)",
            "(ne (veux|désire|souhaite) (pas|plus)|marre|assez|pas à l'aise) (de )?(parler |discuter |poursuivre |échanger |continuer )?(à|avec|de) (un|une|cette|ce) (machine|robot|bot|chatbot|programme)",
            "(y a(-| )t(-| )?(il|u)|est-ce qu'il y a|il y a|y a) (pas )?(quelqu'un|une personne|un humain) (au bout|de vrai|de réel|en chair|derrière|que je|à qui|chez vous|ici)",
            "(qu'une?|qu'un de vos|qu'une de vos) (gestionnaire|juriste|juristes|collègue|humain|conseiller|technicien|personne|prof humain|être humain|responsable) (reprenne|me réponde|me rappelle|regarde|m'explique|s'en occupe|prenne)",
            "(qui puis-je|qui je peux|qui est-ce que je peux) (joindre|appeler|contacter)|(numéro|numero) pour (joindre|avoir|appeler) (quelqu'un|un|une)",
            "besoin (d'un|d'une|dun|dune) (vrai |vraie )?(conseiller|conseillère|humain|personne|agent|technicien)",
            f"{WISH} (bien |juste |maintenant |plutôt |directement )*(parler|discuter|échanger|m'entretenir) (directement |plutôt )?(à|a|avec) (un|une|votre) {REAL}{WHO}",
            f"{WISH} (bien |juste |maintenant |plutôt |directement )*(parler|discuter) (directement )?(à|a|avec) quelqu'un( de (réel|vrai|votre|l'équipe|chez vous)| du (service client|support|service)|{END}| s'il| svp| stp)",
            f"{WISH} (bien |plutôt )?(être (mise? en (relation|contact|communication)|transférée?) (avec|vers|à)|être rappelée? par|joindre|avoir) (un|une|votre) {REAL}{WHO}",
            f"(mettez-moi|mets-moi|mettre|me mettre) en (relation|contact|communication) avec (un|une|votre|le|la|quelqu'un) ?{REAL}({WHO}|de (votre|l') ?équipe|du service)",
            f"(passez-moi|passe-moi|transférez-moi|transfère-moi|redirigez-moi) (à |vers |s'il vous plaît )?(un|une|votre|le|la) {REAL}{WHO}",
            "(y a-t-il|il y a|y a t-il|y a t il|est-ce qu'il y a|y a) (un vrai humain|un humain|un être humain|une vraie personne|quelqu'un de réel|une personne réelle|un vrai conseiller|un conseiller humain)",
            "je (ne )?veux (pas|plus) (parler|discuter|échanger) (à|avec) (un|une|ce|cette) (robot|bot|machine|ia|chatbot)",
            "(un|une) (vrai|vraie) (humain|humaine|personne|conseiller|conseillère|agent),? (s'il (vous|te) plaît|svp|stp)",
            f"(je (veux|voudrais|souhaite|préfère|exige)|donnez-moi) (un|une) (vrai humain|humain|vraie personne|être humain|vrai conseiller|conseiller humain|personne réelle|agent humain){END}",
            "(qu'un|qu'une) (humain|conseiller|conseillère|personne|agent|vraie personne) (me (rappelle|contacte|réponde|aide))",
        ],
        [
            "(suis|es|est|être) pas un robot",
            "(personne|agent|conseiller|responsable|employé|collaborateur) (âgée?|en deuil|malade|immobilier|d'assurances?|que|qui|de mon|de ma|du magasin|des ressources|de voyages?|sourde?|fiscal|municipal)",
            "(comment|quand|pourquoi) (puis-je|je peux|pourrais-je|est-ce que je peux) (parler|discuter) (à|avec) (un|une) (personne|employé|collaborateur)",
            "(pas|plus) (besoin|envie|nécessaire) de parler",
        ],
    ),
    "correction": Wording(
        [
            "non(,|\\.|!|:)? (non,? )?(mais )?(moi )?(je (voulais (dire|parler)|parlais (de|du|des)|parle (de|du|des)|disais|veux dire|demandais|pensais à|voulais (le|la|les|un|une) \\w+,? pas)|j'ai dit|j'avais dit|j'ai demandé|j'avais demandé)",
            "(ce n'est|c'est|ce n'était|c'était) pas (du tout )?ce que (je|j') ?(voulais|veux|demandais|demande|cherche|cherchais|disais|ai (demandé|dit|voulu)|avais (demandé|dit))",
            f"(ce n'est|c'est) (toujours )?pas (correct|exact|le bon|la bonne|les bons|les bonnes|ça du tout|du tout ça|la bonne \\w+|le bon \\w+){END}",
            f"(c'est|votre réponse est|ta réponse est|ce que (tu dis|vous dites) est) (complètement |totalement |encore |toujours )?(faux|fausse|incorrect|incorrecte|inexact|inexacte|erroné|erronée|le mauvais \\w+|la mauvaise \\w+){END}",
            "(tu|vous) (m'as|m'avez|as|avez) mal (comprise?|lue?)",
            "(tu t'es|vous vous êtes) trompée?s?",
            "(tu te trompes|vous vous trompez|tu confonds|vous confondez)",
            "(tu|vous) (n'as|n'avez|as|avez) pas (bien )?compris (ma|mon|ce)",
            "non(,|\\.|!)? aucune? (des (deux|trois)|de (ceux|celles|ces))",
            "(je n'ai pas|j'ai pas|je n'ai jamais) (demandé|dit) (ça|cela)",
            "(ce n'est|c'est|c'était) pas (ma|la) (question|demande)",
            "j'(avais|ai) (bien |pourtant )(dit|demandé|précisé|écrit)",
        ],
        [
            "(c'est|est) (complètement |totalement )?(faux|incorrect|exact|correct) ?\\?",
            "(est-ce que|si|que|dit que|pense que|prétend que) (c'est|ce n'est|c'était) ...",
            "(pardon|désolée?|oups)(,|\\.|!)? (je me suis trompée?|c'est moi)",
        ],
    ),
    "user_frustration": Wording(
        [
            f"(c'est|tu es|vous êtes|t'es|ce bot est|cette appli est|votre service est|ce chat est|ça devient) {VERY}(frustrant|inadmissible|ridicule|honteux|une honte|inacceptable|scandaleux|insupportable|exaspérant|lamentable|du n'importe quoi|une perte de temps|pathétique|du grand n'importe quoi)",
            f"(tu es|vous êtes|t'es|ce bot est|ce robot est|cette ia est|ton aide est|votre aide est) {VERY}(inutile|inutiles|nul|nulle|nuls|incompétente?s?|à côté de la plaque|débile|pénible)",
            f"(j'en ai|on en a) (vraiment |franchement |plus que )?(marre|ras( |-)le( |-)bol|plein le dos)( de (ce bot|cette (appli|conversation|ia|machine)|toi|vous|vos|tes|répéter|me répéter|devoir|ce chat|ce service)|{END})",
            "combien de fois (dois-je|faut-il|il faut|je dois|vais-je|est-ce que je dois|devrai-je|va-t-il falloir) (que je |vous |te |le |l'|encore |me )*(répéter|répète|dire|dise|expliquer|explique|demander|redire|redemander)",
            "je (vous|te) l'ai déjà (dit|expliqué|donnée?|répété|écrit|demandé|envoyée?)",
            "je (vous ai|t'ai) déjà (dit|expliqué|répété|donné) (\\w{1,12} )?(deux|trois|quatre|cinq|dix|cent|mille|plusieurs|\\d+) fois",
            "(ça fait|cela fait) (deux|trois|quatre|cinq|dix|cent|mille|plusieurs|\\d+) fois que je (vous |te |le |me |l')*(demande|répète|dis|explique|écris|redemande|pose)",
            "(tu ne m'écoutes|vous ne m'écoutez|tu m'écoutes|vous m'écoutez|tu ne lis|vous ne lisez) (vraiment |même |toujours )?pas",
            "(tu|vous) (ne )?(comprends|comprenez) (vraiment |décidément )?rien",
            "(tu (ne )?sers|vous (ne )?servez|ce bot (ne )?sert) (vraiment )?à rien",
            "merci pour rien",
            "(vous me faites|tu me fais|arrêtez de me faire|arrête de me faire) perdre mon temps",
            "(vous vous|tu te) (moquez|fichez|fous|foutez|moques|fiches) de moi",
            "(arrête|arrêtez) (un peu |donc )?de (répéter|me répéter|me dire|inventer|mentir|t'excuser|vous excuser|me demander|me redemander|tourner)",
            "pire (service|bot|assistant|chatbot|support|service client)",
            "(robot|bot|assistant|chatbot|ia) (de merde|débile|stupide|inutile|à la con|pourrie?|nul|nulle)",
            "(toujours|encore) la même réponse",
            "c'est la (deuxième|troisième|quatrième|cinquième|énième|dixième) fois que je (vous |te |le |l'|me )*(demande|répète|dis|explique|écris|contacte|redemande|pose)",
            f"(c'est|c'est vraiment|ça devient|ça commence à (être|devenir)|je trouve ça|je trouve cela) {VERY}(pénible|énervant|agaçant|lourd|décevant|frustrant|fatigant|aberrant|affligeant|désolant|lamentable|inadmissible|inacceptable|honteux|scandaleux|du foutage de gueule|le pompon|la honte|une honte|un scandale|une catastrophe|une blague|du grand n'importe quoi)({END}| (à la fin|à force|de votre part|de devoir))",
            f"(quelle|c'est une|encore une|une vraie) (perte de temps|honte|catastrophe|déception|blague)({END}|,)",
            f"(j'en ai|on en a|j'en peux|je n'en peux) (vraiment |franchement |plus que |tellement )?(marre|assez|ras le bol|plein le dos|ma claque|plus)( de (répéter|me répéter|devoir|attendre|tourner|redire|redemander|toujours|vos|parler (à|avec) (une|un) (machine|robot|bot))|{END})",
            f"(ras( |-)le( |-)bol|plein le dos|y en a marre|ça suffit|ça me gonfle|ça me saoule|ça me soûle|c'est saoulant|c'est le pompon){END}",
            "(tu|vous) (ne )?(lis|lisez|écoutes|écoutez) (vraiment |même |donc |toujours )?(pas|jamais) (même |ce que|mes|mon|rien|un mot)",
            "(vous|tu) (lisez|lis|écoutez|écoutes) (au moins |vraiment |seulement |parfois )*(ce que (je|j')|mes messages)",
            f"(je suis|suis|nous sommes) (très |vraiment |tellement |extrêmement |profondément |assez |plus que )*(déçue?|énervée?|furieux|furieuse|en colère|agacée?|dégoûtée?|excédée?|outrée?)({END}| (du|de (la|votre|vos|ce|cette|tant)|par (le|la|votre|vos|ce|cette|tant)|de voir|que))",
            f"(n'importe quoi|du n'importe quoi|c'est n'importe quoi)({END}|,)",
            "(personne|aucun conseiller) (ne )?(me |m')?(répond|rappelle|aide|décroche|écoute|a répondu|a rappelé)",
            "(je (vous |te |le |l')*|j')?(l'ai |ai |viens de (vous |te )?(le |l')?)(déjà )?(dit|expliqué|répété|écrit|donné|envoyé|dire|redire) (\\w{1,8} )?(deux|trois|quatre|cinq|dix|plusieurs|\\d+) fois",
            "(bravo|super|génial|formidable|magnifique),? (encore|toujours) (faux|une erreur|raté|pas|la même|le même|perdu)",
            f"(encore|toujours) (faux|raté|la même (erreur|réponse|chose|question)|le même (problème|message|texte)){END}",
            "(ça|cela) fait (plus de |déjà |bientôt |presque )?(une|deux|trois|quatre|cinq|des|\\d+) (heures?|jours|semaines|mois) que (j'attends|je patiente|j'essaie|je demande|ça dure|j'appelle)",
            "(je perds|vous me faites perdre|je commence à perdre|j'ai perdu|je suis en train de perdre) (ma |mon |la )?(patience|temps)",
            "(t'es|tu es|vous êtes|êtes-vous|es-tu) (sourde?|aveugle|bouchée?)s?",
            "j'ai déjà (répondu|tout dit|tout expliqué|donné cette (info|information|réponse))",
            "(combien de fois|faut|il faut) (il )?(va |va-t-il |faut )?(falloir )?(que je|vous le|te le) (te |vous |le )*(dise|répète|redise|chante|répéter|redire)",
            f"(ça|cela) (m'énerve|m'agace|m'exaspère|me rend (folle|fou|dingue)|me fatigue){END}",
            "(on|vous|nous) (tourne|tournez|tournons) (encore |toujours )?(en rond|autour du pot)",
            "(il|tu|vous|ce bot|ça) (ne )?(comprend|comprends|comprenez|capte|capte) (vraiment |toujours |décidément )?(rien|jamais rien)",
            "je deviens (folle|fou|dingue)",
            "(vous m'écoutez|tu m'écoutes|vous lisez|tu lis) (de temps en temps|au moins|parfois|vraiment) ?\\?",
        ],
        [
            "(pas|plus|jamais) (si |très |trop |vraiment |une |du tout )*(frustrant|ridicule|inacceptable|inutile|perte de temps|marre|honteux|insupportable)",
            "(mon|ma|mes) (chef|patron|patronne|voisin|voisine|propriétaire|collègue|mari|femme|copain|copine|fils|fille|ex|frère|sœur) ...",
            "(dit|trouve|pense|prétend) que (c'est|tu es|vous êtes)",
            f"c'est {VERY}(frustrant|ridicule|honteux|inacceptable|une perte de temps) ?\\?",
        ],
    ),
    "win": Wording(
        [
            "(ça|cela|tout) (marche|fonctionne) (maintenant|enfin|parfaitement|très bien|nickel|impeccable|super bien|à nouveau|à merveille)",
            f"(ça|cela|c'est bon,? ça) a (bien |parfaitement |enfin |super bien |très bien |tout de suite )?(marché|fonctionné)({END}| merci| nickel| parfaitement)",
            f"(maintenant|enfin),? (ça|cela|tout) (marche|fonctionne)({END}| merci| parfaitement| très bien)",
            "(ça|cela|tu as|vous avez) (a )?(réglé|résolu|résout|règle) (le|mon) problème",
            f"problème (réglé|résolu){END}",
            "(vous m'avez|tu m'as) (bien |beaucoup |énormément |vraiment |vraiment beaucoup |grandement |super bien )+aidée?",
            "(vous m'avez|tu m'as) sauvée?( la vie| la journée)?",
            "(ça|cela) m'aide (beaucoup|énormément|vraiment)|(ça|cela) m'a (beaucoup|bien|énormément|vraiment) aidée?",
            "(exactement|tout à fait|pile|précisément) ce (que je (cherchais|voulais|souhaitais)|qu'il me fallait|dont j'avais besoin)",
            "(tu es|vous êtes|t'es) (vraiment |trop )?(génial|géniale|super|top|au top|formidable|adorable|incroyable|le meilleur|la meilleure|un génie|une perle|parfait|parfaite|un ange)",
        ],
        [
            "(pas|plus|jamais|rien|toujours pas|presque) (\\w{1,12} ){0,2}?(marché|fonctionné|aidée?|réglé|résolu|ce que je)",
            "(ne|n') ?(marche|fonctionne|règle|résout|aide)",
            "(si|quand|quand est-ce que|j'espère que|dès que|pour que|jusqu'à ce que|comment) (\\w{1,12} ){0,2}?(ça|cela|tout|tu es|vous êtes|problème)",
            "(hier|avant|d'habitude|auparavant|la semaine dernière),? (ça|cela) ...",
        ],
    ),
    "thanks": Wording(
        [
            "merci (beaucoup|infiniment|énormément|mille fois|du fond du cœur|vraiment|pour (tout|ton aide|votre aide|l'aide|ta patience|votre patience|votre temps|ton temps|vos conseils|tes conseils))",
            "(un grand|un immense|mille|encore) mercis?",
            "(parfait|super|génial|excellent|top|nickel|impeccable|magnifique|formidable|merveilleux)(,|!|\\.)? ?merci",
            "merci(,|!|\\.)? (bien,? )?(c'est|c'était|tu es|vous êtes) (très |vraiment |juste )?(parfait|super|génial|top|nickel|gentil|gentille|impeccable|formidable)",
        ],
        [
            "non(,|\\.)? merci",
            "merci (beaucoup )?(d'avance|par avance|pour rien|mais|quand même|de (me|bien|vouloir|répondre|ne))",
        ],
    ),
    "closes": Wording(
        [
            "non(,|\\.|!)? (merci|(c'est|ce sera|ça sera) (tout|bon)|rien d'autre|ça (ira|va)|pas pour (le moment|l'instant)|tout va bien)",
            "non(,|\\.)? (je n'ai|je ne connais|j'ai) pas (le |la |ce |mon |ma |de )(numéro|code|mot de passe|référence|adresse)",
        ]
    ),
}  # fmt: skip
