"""Japanese people, companies and addresses that do not exist, drawn from a seeded generator."""

from dataclasses import dataclass
from random import Random

FAMILY = (
    ("佐藤", "サトウ", "sato"),
    ("鈴木", "スズキ", "suzuki"),
    ("高橋", "タカハシ", "takahashi"),
    ("田中", "タナカ", "tanaka"),
    ("伊藤", "イトウ", "ito"),
    ("渡辺", "ワタナベ", "watanabe"),
    ("山本", "ヤマモト", "yamamoto"),
    ("中村", "ナカムラ", "nakamura"),
    ("小林", "コバヤシ", "kobayashi"),
    ("加藤", "カトウ", "kato"),
    ("吉田", "ヨシダ", "yoshida"),
    ("山田", "ヤマダ", "yamada"),
    ("佐々木", "ササキ", "sasaki"),
    ("山口", "ヤマグチ", "yamaguchi"),
    ("松本", "マツモト", "matsumoto"),
    ("井上", "イノウエ", "inoue"),
    ("木村", "キムラ", "kimura"),
    ("清水", "シミズ", "shimizu"),
    ("斎藤", "サイトウ", "saito"),
    ("阿部", "アベ", "abe"),
)
GIVEN = (
    ("翔太", "ショウタ"),
    ("健一", "ケンイチ"),
    ("大輔", "ダイスケ"),
    ("直樹", "ナオキ"),
    ("浩二", "コウジ"),
    ("誠", "マコト"),
    ("一郎", "イチロウ"),
    ("美咲", "ミサキ"),
    ("さくら", "サクラ"),
    ("陽子", "ヨウコ"),
    ("恵子", "ケイコ"),
    ("由美", "ユミ"),
    ("花子", "ハナコ"),
    ("千尋", "チヒロ"),
    ("恵", "メグミ"),
    ("ハナ", "ハナ"),
)
TRADES = (
    ("製作所", "セイサクショ", "製造業"),
    ("商事", "ショウジ", "卸売業"),
    ("建設", "ケンセツ", "建設業"),
    ("食品", "ショクヒン", "食品製造業"),
    ("運輸", "ウンユ", "運送業"),
    ("不動産", "フドウサン", "不動産業"),
    ("電機", "デンキ", "電気機器"),
    ("薬局", "ヤッキョク", "小売業"),
)
PLACES = (
    ("青葉", "アオバ"),
    ("北海", "ホッカイ"),
    ("東都", "トウト"),
    ("みなと", "ミナト"),
    ("武蔵野", "ムサシノ"),
    ("瀬戸内", "セトウチ"),
    ("富士見", "フジミ"),
    ("若葉", "ワカバ"),
    ("朝日野", "アサヒノ"),
    ("白川", "シラカワ"),
)
OCCUPATIONS = (
    "会社員",
    "会社役員",
    "医師",
    "自営業",
    "公務員",
    "年金受給者",
    "教員",
    "弁護士",
    "専業主婦・主夫",
    "農業",
)


@dataclass(frozen=True, slots=True)
class Identity:
    name: str
    kana: str
    mail_name: str
    corporate: bool
    trade: str


def person(random: Random) -> Identity:
    family, family_kana, latin = random.choice(FAMILY)
    given, given_kana = random.choice(GIVEN)
    return Identity(f"{family} {given}", f"{family_kana} {given_kana}", latin, False, random.choice(OCCUPATIONS))


def company(random: Random) -> Identity:
    place, place_kana = random.choice(PLACES)
    trade, trade_kana, branch = random.choice(TRADES)
    name, kana = f"{place}{trade}株式会社", f"{place_kana}{trade_kana}カブシキガイシャ"
    if random.random() < 0.5:
        name, kana = f"株式会社{place}{trade}", f"カブシキガイシャ{place_kana}{trade_kana}"
    return Identity(name, kana, f"info{random.randrange(1000):03}", True, branch)


def phone(random: Random, *, corporate: bool) -> str:
    """Numbers that no carrier assigns: 0X0-0… for mobiles, 03-0… for offices."""
    tail = f"{random.randrange(10_000):04}"
    return f"03-0{random.randrange(1000):03}-{tail}" if corporate else f"090-0{random.randrange(1000):03}-{tail}"
