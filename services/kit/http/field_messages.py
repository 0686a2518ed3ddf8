"""Messages for wrong values in both languages; pydantic's own text is the English one."""

from services.kit.errors import Text

_JAPANESE = {
    "missing": "必須項目です",
    "extra_forbidden": "この項目は指定できません",
    "string_type": "文字列で指定してください",
    "string_unicode": "使用できない文字が含まれています",
    "string_too_short": "短すぎます",
    "string_too_long": "長すぎます",
    "currency_unknown": "現在使われている通貨のコード（ISO 4217）を指定してください",
    "rate_of_yen": "レートは円で表すため、円自体のレートは登録できません",
    "amount_text": '整数、または小数の文字列（例: "1250.5"）で指定してください',
    "amount_decimals": "小数点以下の桁数が、この通貨で使える桁数を超えています",
    "amounts_empty": "下限は上限より小さくしてください",
    "days_backwards": "終了日は開始日以後にしてください",
    "days_too_many": "一度に登録できるのは 31 日までです",
    "day_unnamed": "名称を入力してください",
    "phone_format": "電話番号の形式が正しくありません",
    "email_format": "メールアドレスの形式が正しくありません",
    "string_pattern_mismatch": "形式が正しくありません",
    "int_type": "整数で指定してください",
    "int_parsing": "整数で指定してください",
    "int_from_float": "整数で指定してください",
    "bool_type": "true または false で指定してください",
    "bool_parsing": "true または false で指定してください",
    "decimal_text": "整数または小数の文字列で指定してください",
    "decimal_parsing": "数値で指定してください",
    "decimal_max_places": "小数点以下の桁数が多すぎます",
    "temporal_text": "RFC 3339 形式の日時で指定してください",
    "date_from_datetime_parsing": "日付の形式が正しくありません",
    "datetime_from_date_parsing": "日時の形式が正しくありません",
    "timezone_aware": "タイムゾーンを含めてください",
    "uuid_parsing": "ID の形式が正しくありません",
    "uuid_type": "ID の形式が正しくありません",
    "enum": "選択肢にない値です",
    "literal_error": "選択肢にない値です",
    "list_type": "配列で指定してください",
    "dict_type": "オブジェクトで指定してください",
    "model_attributes_type": "オブジェクトで指定してください",
    "too_short": "項目が足りません",
    "too_long": "項目が多すぎます",
    "greater_than": "値が小さすぎます",
    "greater_than_equal": "値が小さすぎます",
    "less_than": "値が大きすぎます",
    "less_than_equal": "値が大きすぎます",
    "field_not_asked": "ほかの選択肢のときだけ入力する項目です",
    "field_not_less": "変更前より小さい値を指定してください",
    "field_before": "開始日以降の日付を指定してください",
    "field_not_different": "変更前と異なる値を指定してください",
    "json_invalid": "JSON として読み取れません",
}
_OTHER = "値が正しくありません"


def message_for(kind: str, english: str) -> Text:
    """``kind`` is pydantic's error type; ``english`` its message, without a full stop."""
    return Text(_JAPANESE.get(kind, _OTHER), english)
