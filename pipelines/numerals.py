"""Number words of English and Chinese, for whatever reads numbers out of speech."""

UNITS = {
    "zero": 0, "one": 1, "two": 2, "three": 3, "four": 4, "five": 5, "six": 6, "seven": 7,
    "eight": 8, "nine": 9, "ten": 10, "eleven": 11, "twelve": 12, "thirteen": 13, "fourteen": 14,
    "fifteen": 15, "sixteen": 16, "seventeen": 17, "eighteen": 18, "nineteen": 19,
}  # fmt: skip
TENS = {
    "twenty": 2, "thirty": 3, "forty": 4, "fifty": 5, "sixty": 6, "seventy": 7, "eighty": 8,
    "ninety": 9,
}  # fmt: skip
SCALES = {"thousand": 1_000, "million": 1_000_000}
REPEATS = {"double": 2, "triple": 3}

CHINESE_DIGITS = {"〇": 0, "零": 0, "幺": 1, "两": 2, "俩": 2} | {
    digit: value for value, digit in enumerate("一二三四五六七八九", start=1)
}
CHINESE_PLACES = {"十": 10, "百": 100, "千": 1_000}
