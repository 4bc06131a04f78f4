"""Words that passwords in Japanese hospitals and libraries are made of, most usual first.

Written for this project. Dictionaries of password estimators know English words and names; these
are Japanese ones as they are typed in Latin letters, in the spellings of Hepburn and of keyboards,
and a few as they are written.
"""

_SURNAMES = """
satou sato suzuki takahashi tanaka itou ito watanabe yamamoto nakamura kobayashi katou kato yoshida
yamada sasaki yamaguchi matsumoto inoue kimura hayashi saitou saito shimizu yamazaki yamasaki mori
abe ikeda hashimoto yamashita ishikawa nakajima nakashima maeda fujita ogawa gotou goto okada
hasegawa murakami kondou kondo ishii sakamoto endou endo aoki fujii nishimura fukuda oota ohta miura
fujiwara okamoto matsuda nakagawa nakano harada ono tamura takeuchi kaneko wada nakayama ishida ueda
morita hara shibata sakai kudou kudo yokoyama miyazaki miyamoto uchida takagi andou ando taniguchi
oono ohno maruyama imai kouno kono fujimoto murata takeda ueno sugiyama masuda sugawara hirano
kojima ootsuka otsuka chiba kubo matsui iwasaki sakurai kinoshita noguchi matsuo nomura kikuchi sano
oonishi onishi sugimoto arai hamada ichikawa furukawa mizuno komatsu shimada koyama yano
"""
_GIVEN_NAMES = """
hiroshi takashi kenji yuki yuuki haruto yuto yuuto sota souta ren kaito daiki kenta takeshi makoto
naoki kazuki tatsuya shota shouta akira satoshi osamu minoru kiyoshi shigeru yoko youko keiko kazuko
sachiko yumiko kumiko tomoko mayumi naomi akemi miho yuka yukari ayaka misaki haruka aoi yui hina
sakura hinata mei rin mio nanami megumi emi mika rika chie noriko hiroko junko kyoko kyouko michiko
taro tarou jiro jirou ichiro ichirou hanako momoko
"""
_WORK = """
byouin byoin kangoshi kango kangobu isha ishi sensei igaku igakubu daigaku toshokan tosyokan
toshoshitsu tosyositu shisho yakkyoku yakuzai yakuzaishi yakuzaibu kensa kenkyuu kenkyu kenkyusho
naika geka shounika shonika sanfujinka seikeigeka ganka jibika hifuka shika seishinka houshasen
rinshou rinsyou shinryou sinryou kanja iryou iryo kenshu kensyu kenshin nyuuin gairai byoutou
shujutsu masui kyukyu kyuukyuu gan haien shinzou jinzou nou kusuri chiryou ryouyou kaigo hoken
kenkou joho jouhou system denshi karute karte ronbun bunken kensaku ichushi chuou jimu soumu
"""
_EVERYDAY = """
sakura nihon nippon japan toukyou tokyo oosaka osaka kyouto kyoto nagoya sapporo fukuoka hiroshima
sendai yokohama kobe koube chiba saitama hokkaido hokkaidou okinawa fujisan hanabi himawari momiji
ajisai tsubaki matsuri neko inu usagi tori sakana ringo mikan ichigo momo sushi ramen gohan ocha
ohayou konnichiwa konnitiha arigatou arigato sayonara daisuki aishiteru kawaii genki tanoshii
anata watashi boku oretachi kazoku tomodachi shiawase ganbaru ganbatte yoroshiku onegai himitsu
angou pasuwado pasuwaado aikotoba kokoro inochi hikari sora umi yama kawa tsuki hoshi yume kibou
ai hana haru natsu aki fuyu getsuyou kayou suiyou mokuyou kinyou doyou nichiyou ichigatsu shigatsu
totoro doraemon pikachu pokemon dragonball naruto gundam hanshin tigers kyojin giants reiwa heisei
shouwa showa asdfghjkl aiueo kakikukeko sashisuseso iroha irohanihoheto
"""
_WRITTEN = """
さくら ひみつ ぱすわーど パスワード びょういん にほん とうきょう あいうえお かんごし としょかん
病院 看護 図書館 大学 東京 日本 桜 秘密
佐藤 鈴木 高橋 田中 伊藤 渡辺 山本 中村 小林 加藤
"""
COMMON_WORDS = tuple(
    dict.fromkeys(" ".join((_EVERYDAY, _WORK, _SURNAMES, _GIVEN_NAMES, _WRITTEN)).split())
)
