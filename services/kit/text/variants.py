"""Kanji that are written in several ways in Japanese names, for searches: 髙﨑 and 高崎 are one family.

Sources: the forms that the Joyo kanji table gives in brackets (常用漢字表, Cabinet notice 2 of 2010); variants in the
list of kanji for names (人名用漢字, annex 2 of the rules for the family register law); forms that registers have
beside them; signs of the block "CJK radicals supplement", which PDF files hand out instead of the kanji. Ready-made
lists group characters by far looser criteria, so that 頻 is found as 浜, and change with each version, while what is
folded is stored.

A change here needs a migration in every service that stores folded text (see ``sql``).
"""

from typing import Final

_OLD_FORMS: Final = """
亜亞 悪惡 圧壓 囲圍 医醫 為爲 壱壹 隠隱 栄榮 営營 衛衞 駅驛 円圓 塩鹽 縁緣 艶艷 応應 欧歐 殴毆 桜櫻
奥奧 横橫 温溫 穏穩 仮假 価價 画畫 会會 絵繪 壊壞 懐懷 概槪 拡擴 殻殼 覚覺 学學 岳嶽 楽樂 渇渴 缶罐
巻卷 陥陷 勧勸 寛寬 関關 歓歡 観觀 気氣 帰歸 偽僞 戯戲 犠犧 旧舊 拠據 挙擧舉 虚虛 峡峽 挟挾 狭狹
郷鄕鄉 暁曉 区區 駆驅駈 勲勳勛 薫薰 径徑 茎莖 恵惠 掲揭 渓溪谿 経經 蛍螢 軽輕 継繼 鶏鷄雞 芸藝 撃擊
欠缺 研硏 県縣 倹儉 剣劍劔剱釼 険險 圏圈 検檢 献獻 権權 顕顯 験驗 厳嚴 広廣 効效 恒恆 黄黃 鉱鑛礦 号號
国國圀囯 黒黑 砕碎 済濟 斎齋斉齊 剤劑 雑雜襍 参參 桟棧 蚕蠶 惨慘 賛贊 残殘 糸絲 歯齒 児兒 辞辭 湿濕溼
実實 写寫 釈釋 寿壽 収收 従從 渋澁澀 獣獸 縦縱 粛肅 処處 緒緖 叙敍敘 尚尙 将將 称稱 渉涉 焼燒 証證
奨奬獎 条條 状狀 乗乘 浄淨 剰剩 畳疊 縄繩 壌壤 嬢孃 譲讓 醸釀 触觸 嘱囑 真眞 寝寢 慎愼 尽盡侭儘 図圖
粋粹 酔醉 穂穗 随隨 髄髓 枢樞 数數 瀬瀨 声聲 青靑 静靜 清淸 窃竊 摂攝 専專 浅淺 戦戰 践踐 銭錢 潜潛
繊纖 禅禪 双雙 壮壯 争爭 荘莊 捜搜 挿插 巣巢 曽曾 痩瘦 装裝 総總 騒騷 増增 蔵藏 臓臟 即卽 属屬 続續
堕墮 対對 体體躰軆 帯帶 滞滯 台臺 滝瀧 択擇 沢澤 担擔 単單 胆膽 団團 断斷 弾彈 遅遲 痴癡 虫蟲 昼晝
鋳鑄 庁廳 徴徵 聴聽 勅敕 鎮鎭 逓遞 鉄鐵鐡鉃 点點 転轉 伝傳 灯燈 当當 党黨 盗盜 稲稻 闘鬭鬪 徳德悳 独獨
読讀 届屆 弐貳 悩惱 脳腦 覇霸 拝拜 廃廢 売賣 梅楳 麦麥 発發 髪髮 抜拔 晩晚 蛮蠻 秘祕 浜濱濵 瓶甁 払拂
仏佛 併倂 並竝 餅餠 辺邊邉 変變 弁辨瓣辯 歩步 宝寶寳 豊豐 褒襃 翻飜 毎每 万萬 満滿 麺麵麪 黙默 訳譯
薬藥 与與 予豫 余餘 誉譽 揺搖 様樣 謡謠 来來 頼賴 乱亂 覧覽 竜龍 両兩 猟獵 緑綠 涙淚 塁壘 礼禮 励勵
戻戾 霊靈 齢齡 暦曆 歴歷 恋戀 錬鍊 炉爐 労勞 郎郞 楼樓 録錄 湾灣
"""
_FORMS_IN_NAMES: Final = """
亘亙 凜凛 尭堯 巌巖巗 晃晄 桧檜 槙槇 祢禰 祷禱 禄祿 穣穰 萌萠 遥遙 瑶瑤 晋晉 弥彌 彦彥 槌鎚 高髙
崎﨑嵜碕㟢𥔎 吉𠮷 富冨 島嶋嶌㠀 峰峯 渕淵渊 橋𣘺槗 土圡𡈽 柳栁桺 鶴靏靍靎鸖 館舘 園薗 松枩枀 柏栢 秋穐龝
昇曻 桑桒 芦蘆 藪薮籔 篭籠 蒋蔣 頴穎 達逹 翠翆 欅﨔 今𫝆 原𠩤 脇𦚰 泰𣳾 魚𩵋 丈𠀋 叱𠮟 野埜 虎乕 浩澔
略畧 裏裡 宮宫 吾吿 濤涛 潟泻 砺礪 聡聰 蝉蟬 鴎鷗 麹麴 戸戶 隣鄰 内內 呉吳 姫姬 姉姊 歳歲 税稅 説說
絶絕 脱脫 悦悅 鋭銳 閲閱 産產 曁暨 査查 群羣 床牀 氷冰 汚污 没沒 却卻 蘇甦 竃竈 焔焰 桝枡 杉杦 亀龜
喜㐂 卯夘 暖煖 涼凉 準准 杯盃 迩邇 稟禀 厨廚 時时 閑閒 筍笋 竪豎 蕊蘂 諌諫 賎賤 躯軀 頬頰 顛顚 飲飮
鹸鹼 嘘噓 噛嚙 唖啞 掴摑 掻搔 撹攪 溌潑 痺痹 繍繡 繋繫 葱蔥 蝋蠟 莱萊 醤醬 鎌鐮 塡填 剥剝 倶俱 侠俠
兎兔
"""
_SIGNS_OF_RADICALS: Final = """
西⻄ 長⻑ 青⻘ 鬼⻤ 亀⻲ 竜⻯ 黄⻩ 斎⻫ 歯⻭ 麦⻨ 民⺠ 角⻆ 骨⻣ 食⻝ 見⻅ 貝⻉ 車⻋ 門⻔ 韋⻙ 風⻛
飛⻜ 馬⻢ 魚⻥ 鳥⻦
"""

VARIANTS: Final = {
    variant: group[0] for group in (_OLD_FORMS + _FORMS_IN_NAMES + _SIGNS_OF_RADICALS).split() for variant in group[1:]
}
"""Each variant, and the form that searches compare instead."""
