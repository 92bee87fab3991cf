"""Words that carry a feeling, for heads to count: a rare word tells a head as much as a frequent one. English."""

import re

from signals.detectors.text import Text

_ANGRY = """
abhor abominable absurd abysmal aggravating agitated angry anger annoyed annoying annoys appalled appalling arrogant arsehole ashamed asinine
asshole assholes atrocious awful bastard bastards bigot bigoted bitch bitches biased blame bogus boo boring bored brainless bs bullshit bully bullying
butthurt careless cheap cheat cheated childish clown clowns clueless condescending corrupt coward cowardly crap crappy cringe cringey cringy crook
cruel cunt curse damn damned dammit deceitful delusional demeaning despicable despise deranged dick dickhead disaster disastrous disgrace disgraceful
disgusted disgusting dishonest dislike disrespect disrespectful douche douchebag downvote dreadful dumb dumbass dumbest dumber dumpster edgy egotistical
embarrassing enraged enraging entitled evil excuse excuses fail failed fails failure fake fed filthy flawed fool foolish freaking frustrated frustrating
frustration fuck fucked fucker fuckers fuckin fucking fucks furious garbage ghoul goddamn greed greedy gross grotesque guilty hate hated hateful hates
hating heartless hell hideous horrendous horrible horrid horrific hostile hypocrisy hypocrite hypocrites hypocritical idiot idiotic idiots ignorance
ignorant ignored immature incompetence incompetent inconsiderate inexcusable infuriated infuriating insane insensitive insult insulting insulted
intolerable irritated irritating irresponsible jackass jealous jerk jerks joke karen kill lame laughable lazy liar liars lie lied lies lousy ludicrous
lunatic lying mad manipulative mediocre messed misleading misogynist misogynistic moron moronic morons motherfucker narcissist narcissistic nasty
nerve nonsense nuts obnoxious offended offensive outrage outraged outrageous overpriced overrated pathetic petty phony pissed pissing piss pity
pointless predatory prick privileged propaganda psycho racist racists rage raging rant repulsive retard retarded ridiculous rigged rotten rubbish rude
ruin ruined ruins ruining sad salty scam scammed scammer scum selfish senseless sexist shady shame shameful shameless shit shitty shitshow shut sick
sicken sickening silly sloppy smug snowflake spineless spiteful stfu stupid stupidest stupidity suck sucked sucks sucky terrible thief thieves threat
thug tired toxic traitor trash trashy troll trolling trolls ugh ugly unacceptable unbearable unethical unfair unfortunate ungrateful unhelpful
unjust unnecessary unreasonable untrue upset upsetting useless vile villain violent vulgar waste wasted wasting weak weird whine whiner whining
whiny worse worst worthless wrong wtf yikes yuck
"""
_LET_DOWN = """
abandoned alas annoyingly anticlimactic backfired bad badly baffled bitter bland broke broken bummed bummer concerned confused confusing damage
declined deserve deserves disagree disagreed disappoint disappointed disappointing disappointment disapprove disbelief discouraged doomed doubt doubtful
downhill dull dump error expected flop forgot gloomy grim heartbreaking helpless hopeless hurt hurts impossible inaccurate incorrect inferior joyless
lacking lacks letdown lonely lose loser losers losing loss lost meh mess messy miserable misguided missed mistake misunderstood neglected never nope
nowhere overreacted painful poor poorly pretend problem problematic problems questionable refuse refused regret rejected reject shouldn't shouldnt
slow sorry stop struggle struggling stuck supposed tragic trouble ugly unclear underwhelming unfortunately unfunny unhappy unimpressed uninspired
unlikely unlucky unpopular unrealistic unwanted upvoted wish worried worry wouldn't
"""
_PLEASED = """
adorable amazing amused appreciate appreciated awesome awww beautiful best bless blessed bravo breathtaking brilliant calm care caring celebrate charming
cheers classy clever comfort congrats congratulations cool cute delicious delight delighted delightful enjoy enjoyable enjoyed enjoying enthusiastic
epic excellent excited exciting fabulous fantastic favorite fun funniest funny generous gentle genius gift glad good gorgeous grateful great greatest
haha hahaha happier happy helpful hero hilarious honest honored hope hopefully hug hugs impressed impressive incredible inspiring interesting joy kind kudos
laugh laughed legend legendary lmao lol love loved lovely loves loving lucky magical masterpiece neat nice perfect perfection perfectly pleasant pleased
pleasure positive praying precious proud rad relief respect rofl safe smile smiling solid special spectacular splendid stunning success
successful super superb support supportive sweet sweetest talented thank thankful thanks thoughtful thrilled treasure upvote welcome wholesome win winning
wins wonderful woohoo wow yay yummy
"""
WORD = re.compile(r"[a-z']+")
NEGATION = frozenset(
    [
        "not",
        "no",
        "never",
        "don't",
        "dont",
        "doesn't",
        "doesnt",
        "didn't",
        "didnt",
        "isn't",
        "isnt",
        "wasn't",
        "wasnt",
        "aren't",
        "arent",
        "won't",
        "wont",
        "can't",
        "cant",
        "cannot",
        "couldn't",
        "shouldn't",
        "wouldn't",
        "ain't",
        "aint",
        "hardly",
        "barely",
        "without",
        "nor",
        "neither",
        "none",
        "nothing",
        "nobody",
    ]
)
ANGRY, LET_DOWN, PLEASED = (frozenset(words.split()) for words in (_ANGRY, _LET_DOWN, _PLEASED))
NAMES = ("angry words", "let-down words", "pleased words", "negated pleased words", "negations")
READ = 1200


def feelings(text: Text) -> list[float]:
    """How many words of each kind, up to three, in thirds. "Not happy" counts as a let-down, "not stupid" as nothing."""
    known: list[float] | None = text.notes.get(NAMES)
    if known is None:
        known = text.notes[NAMES] = _count(text)
    return known


def _count(text: Text) -> list[float]:
    angry = let_down = pleased = denied = negations = 0
    since = 9  # words since the last negation
    for word in WORD.findall(text.normal[:READ]):
        since += 1
        if word in NEGATION:
            since, negations = 0, negations + 1
        if word in ANGRY:
            angry += since > 2
        elif word in LET_DOWN:
            let_down += 1
        elif word in PLEASED:
            if since <= 3:
                denied += 1
            else:
                pleased += 1
    return [min(count, 3) / 3 for count in (angry, let_down, pleased, denied, negations)]
