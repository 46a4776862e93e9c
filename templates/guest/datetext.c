// Date.parse, and `new Date(text)`: the language's own format, and everything else that V8 takes for a date, read as V8
// reads it: numbers, words and signs in almost any order. Up to three numbers are a day; those with colons are a time;
// after a time, or UTC, a sign begins an offset; the first three letters of a word are a month. What is in parentheses
// is skipped, and words before the first number. Local time is UTC.
#include "departures.h"

enum { NONE = 0x7fffffff, DIGITS_MAX = 9 };

typedef enum { END, NUMBER, WORD, SPACE, SIGN } Kind;
typedef enum { GARBAGE, MONTH, HALF_DAY, ZONE, TIME_FOLLOWS } Meaning;

typedef struct {
  Kind kind;
  /** A number's value, a sign's character, what a word means in hours or months. */
  i32 value;
  /** A number's digits, zeros in front included; a word's bytes. */
  u32 length;
  Meaning meaning;
} Token;

typedef struct {
  const u8 *at, *end;
  Token next;
  i32 day[3], time[4];
  u32 days, times;
  i32 month, half_day, zone_sign, zone_hour, zone_minute;
  bool is_iso;
} Reader;

// ---- tokens -----------------------------------------------------------------------------------------------------

static const struct {
  char name[4];
  Meaning meaning;
  i32 value;
} words[] = {
    {"jan", MONTH, 1},    {"feb", MONTH, 2},     {"mar", MONTH, 3},  {"apr", MONTH, 4},  {"may", MONTH, 5},
    {"jun", MONTH, 6},    {"jul", MONTH, 7},     {"aug", MONTH, 8},  {"sep", MONTH, 9},  {"oct", MONTH, 10},
    {"nov", MONTH, 11},   {"dec", MONTH, 12},    {"am", HALF_DAY, 0}, {"pm", HALF_DAY, 12}, {"ut", ZONE, 0},
    {"utc", ZONE, 0},     {"z", ZONE, 0},        {"gmt", ZONE, 0},   {"cdt", ZONE, -5},  {"cst", ZONE, -6},
    {"edt", ZONE, -4},    {"est", ZONE, -5},     {"mdt", ZONE, -6},  {"mst", ZONE, -7},  {"pdt", ZONE, -7},
    {"pst", ZONE, -8},    {"t", TIME_FOLLOWS, 0},
};

static bool is_digit(u8 c) { return c >= '0' && c <= '9'; }

/** How many bytes of white space there are, in UTF-8. */
static u32 space_at(const u8 *at, const u8 *end) {
  if (*at == ' ' || (*at >= '\t' && *at <= '\r')) return 1;
  if (end - at >= 2 && at[0] == 0xc2 && at[1] == 0xa0) return 2;
  if (end - at < 3) return 0;
  u32 character = (u32)at[0] << 16 | (u32)at[1] << 8 | at[2];
  bool is_space = (character >= 0xe28080 && character <= 0xe2808a) || character == 0xe280a8 || character == 0xe280a9 ||
                  character == 0xe280af || character == 0xe2819f || character == 0xe38080 || character == 0xe19a80 ||
                  character == 0xefbbbf;
  return is_space ? 3 : 0;
}

static Token read_number(Reader *r) {
  Token token = {NUMBER, 0, 0, GARBAGE};
  u32 significant = 0;
  for (; r->at < r->end && is_digit(*r->at); r->at++, token.length++) {
    if (token.value == 0 && *r->at == '0') continue;
    if (significant++ < DIGITS_MAX) token.value = token.value * 10 + (*r->at - '0');
  }
  return token;
}

static Token read_word(Reader *r) {
  char start[4] = {0, 0, 0, 0};
  Token token = {WORD, 0, 0, GARBAGE};
  for (; r->at < r->end && *r->at >= 'A' && space_at(r->at, r->end) == 0; r->at++, token.length++)
    if (token.length < 3) start[token.length] = *r->at >= 'A' && *r->at <= 'Z' ? *r->at + 32 : (char)*r->at;
  for (u32 i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
    if (memcmp(start, words[i].name, 4) != 0 || (token.length > 3 && words[i].meaning != MONTH)) continue;
    token.meaning = words[i].meaning;
    token.value = words[i].value;
  }
  return token;
}

static Token read_token(Reader *r) {
  if (r->at >= r->end) return (Token){END, 0, 0, GARBAGE};
  if (is_digit(*r->at)) return read_number(r);
  u32 space = space_at(r->at, r->end);
  if (space != 0) {
    r->at += space;
    return (Token){SPACE, 0, space, GARBAGE};
  }
  if (*r->at >= 'A') return read_word(r);
  return (Token){SIGN, *r->at++, 1, GARBAGE};
}

static Token take(Reader *r) {
  Token token = r->next;
  r->next = read_token(r);
  return token;
}

static bool is_sign(Token token, char c) { return token.kind == SIGN && token.value == c; }
static bool is_plus_or_minus(Token token) { return is_sign(token, '+') || is_sign(token, '-'); }

static bool skip(Reader *r, char c) {
  if (!is_sign(r->next, c)) return false;
  take(r);
  return true;
}

static void skip_parentheses(Reader *r) {
  for (i32 open = 1; open > 0 && r->next.kind != END;) {
    Token token = take(r);
    open += is_sign(token, '(') - is_sign(token, ')');
  }
}

// ---- what they are put together to ------------------------------------------------------------------------------

static bool between(i32 value, i32 low, i32 high) { return value >= low && value <= high; }

static bool add_day(Reader *r, i32 value) {
  if (r->days == 3) return false;
  r->day[r->days++] = value;
  return true;
}

static bool add_time(Reader *r, i32 value) {
  if (r->times == 4) return false;
  r->time[r->times++] = value;
  return true;
}

static void finish_time(Reader *r, i32 value) {
  add_time(r, value);
  while (add_time(r, 0)) {
  }
}

/** Is a time open in which this is the next number? */
static bool expects(const Reader *r, i32 value) {
  return (between(r->times, 1, 2) && between(value, 0, 59)) || (r->times == 3 && between(value, 0, 999));
}

static void set_zone(Reader *r, i32 hours) {
  r->zone_sign = hours < 0 ? -1 : 1;
  r->zone_hour = hours * r->zone_sign;
  r->zone_minute = 0;
}

/** The first three digits behind the point. */
static i32 milliseconds(Token number) {
  u32 digits = number.length > DIGITS_MAX ? DIGITS_MAX : number.length;
  i32 value = number.value;
  for (; digits < 3; digits++) value *= 10;
  for (; digits > 3; digits--) value /= 10;
  return value;
}

// ---- the language's own format ----------------------------------------------------------------------------------

/** What becomes of a text that begins in the language's own format. */
typedef enum { WHOLE, REFUSED, OTHERWISE } Outcome;

static bool is_fixed(Token token, u32 digits, i32 low, i32 high) {
  return token.kind == NUMBER && token.length == digits && between(token.value, low, high);
}

/** `yyyy`, `+yyyyyy` or `-yyyyyy`, `-MM`, `-DD`. In `unhandled` is the token that does not belong to it. */
static Outcome read_iso_day(Reader *r, Token *unhandled) {
  i32 sign = 1;
  bool long_year = is_plus_or_minus(r->next);
  if (long_year) {
    *unhandled = take(r);
    sign = unhandled->value == '-' ? -1 : 1;
    if (!is_fixed(r->next, 6, 0, NONE)) return OTHERWISE;
  } else if (!is_fixed(r->next, 4, 0, NONE)) {
    *unhandled = take(r);
    return OTHERWISE;
  }
  i32 year = take(r).value;
  if (sign < 0 && year == 0) return OTHERWISE;
  add_day(r, sign * year);
  for (u32 part = 0; part < 2 && skip(r, '-'); part++) {
    if (!is_fixed(r->next, 2, 1, part == 0 ? 12 : 31)) {
      *unhandled = take(r);
      return OTHERWISE;
    }
    add_day(r, take(r).value);
  }
  return WHOLE;
}

/** `HH:mm`, `:ss`, `.sss`; hour 24 has nothing behind it. */
static bool read_iso_time(Reader *r) {
  if (!is_fixed(r->next, 2, 0, 24)) return false;
  i32 last = r->next.value == 24 ? 0 : 59;
  add_time(r, take(r).value);
  if (!skip(r, ':') || !is_fixed(r->next, 2, 0, last)) return false;
  add_time(r, take(r).value);
  if (!skip(r, ':')) return true;
  if (!is_fixed(r->next, 2, 0, last)) return false;
  add_time(r, take(r).value);
  if (!skip(r, '.')) return true;
  if (r->next.kind != NUMBER || (last == 0 && r->next.value > 0)) return false;
  return add_time(r, milliseconds(take(r)));
}

/** `Z`, `+hh:mm`, `+hhmm` or nothing. */
static bool read_iso_zone(Reader *r) {
  if (r->next.kind == WORD && r->next.length == 1 && r->next.meaning == ZONE) {
    take(r);
    set_zone(r, 0);
    return true;
  }
  if (!is_plus_or_minus(r->next)) return true;
  r->zone_sign = take(r).value == '-' ? -1 : 1;
  Token number = take(r);
  if (is_fixed(number, 4, 0, 2359) && number.value % 100 < 60) {
    r->zone_hour = number.value / 100;
    r->zone_minute = number.value % 100;
    return true;
  }
  if (!is_fixed(number, 2, 0, 23) || !skip(r, ':') || !is_fixed(r->next, 2, 0, 59)) return false;
  r->zone_hour = number.value;
  r->zone_minute = take(r).value;
  return true;
}

static Outcome read_iso(Reader *r, Token *unhandled) {
  Outcome day = read_iso_day(r, unhandled);
  if (day != WHOLE) return day;
  if (r->next.kind == WORD && r->next.meaning == TIME_FOLLOWS) {
    take(r);
    if (!read_iso_time(r) || !read_iso_zone(r) || r->next.kind != END) return REFUSED;
  } else if (r->next.kind != END) {
    *unhandled = take(r);
    return OTHERWISE;
  }
  r->is_iso = true;
  return WHOLE;
}

// ---- any other --------------------------------------------------------------------------------------------------

static bool read_other_number(Reader *r, i32 value) {
  if (skip(r, ':')) {
    if (skip(r, ':')) return r->times == 0 && add_time(r, value) && add_time(r, 0);
    if (!add_time(r, value)) return false;
    skip(r, '.');
    return true;
  }
  if (skip(r, '.') && expects(r, value)) {
    add_time(r, value);
    if (r->next.kind != NUMBER) return false;
    finish_time(r, milliseconds(take(r)));
    return true;
  }
  if (r->zone_hour != NONE && r->zone_minute == NONE && between(value, 0, 59)) {
    r->zone_minute = value;
    return true;
  }
  if (expects(r, value)) {
    finish_time(r, value);
    bool z = r->next.kind == WORD && r->next.length == 1 && r->next.meaning == ZONE;
    return r->next.kind == END || r->next.kind == SPACE || z || is_plus_or_minus(r->next);
  }
  if (!add_day(r, value)) return false;
  skip(r, '-');
  return true;
}

static bool read_other_word(Reader *r, Token word, bool numbers_read) {
  if (word.meaning == HALF_DAY && r->times > 0) r->half_day = word.value;
  else if (word.meaning == MONTH) {
    r->month = word.value;
    skip(r, '-');
  } else if (word.meaning == ZONE && numbers_read) set_zone(r, word.value);
  else return !numbers_read && r->next.kind != NUMBER;
  return true;
}

/** Behind a sign: `hh`, `hhmm`, or `hh` with a colon, whose minutes are the next number. */
static bool read_other_offset(Reader *r, char sign) {
  r->zone_sign = sign == '-' ? -1 : 1;
  Token number = {NUMBER, 0, 0, GARBAGE};
  if (r->next.kind == NUMBER) number = take(r);
  bool colon = is_sign(r->next, ':'), has_minutes = number.length >= 3;
  if (!colon && !between(number.length, 1, 4)) return false;
  r->zone_hour = colon || !has_minutes ? number.value : number.value / 100;
  r->zone_minute = colon ? NONE : has_minutes ? number.value % 100 : 0;
  return true;
}

static bool read_other(Reader *r, Token token) {
  bool numbers_read = r->days > 0;
  for (; token.kind != END; token = take(r)) {
    bool is_utc = r->zone_hour == 0 && r->zone_minute == 0;
    if (token.kind == NUMBER) {
      numbers_read = true;
      if (!read_other_number(r, token.value)) return false;
    } else if (token.kind == WORD) {
      if (!read_other_word(r, token, numbers_read)) return false;
    } else if (is_plus_or_minus(token) && (is_utc || r->times > 0)) {
      numbers_read = true;
      if (!read_other_offset(r, (char)token.value)) return false;
    } else if ((is_plus_or_minus(token) || is_sign(token, ')')) && numbers_read) return false;
    else if (is_sign(token, '(')) skip_parentheses(r);
  }
  return true;
}

// ---- the time that is meant -------------------------------------------------------------------------------------

/** Days since 1970 of the first of a month, which counts from 0. */
static i64 days_before(i64 year, i32 month) {
  year -= month < 2; // years that begin in March
  i64 era = (year >= 0 ? year : year - 399) / 400, of_era = year - era * 400;
  i64 of_year = (153 * ((month + 10) % 12) + 2) / 5;
  return era * 146097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719468;
}

static bool day_meant(Reader *r, i64 *days) {
  if (r->days == 0) return false;
  while (add_day(r, 1)) {
  }
  const i32 *n = r->day;
  bool year_first = r->is_iso || !between(n[0], 1, 31), named = r->month != NONE;
  i32 month = named ? r->month : year_first ? n[1] : n[0];
  i32 day = named ? (year_first ? n[1] : n[0]) : year_first ? n[2] : n[1];
  i32 year = year_first ? n[0] : named ? n[1] : n[2];
  if (!r->is_iso && between(year, 0, 99)) year += year < 50 ? 2000 : 1900;
  if (!between(month, 1, 12) || !between(day, 1, 31)) return false;
  *days = days_before(year, month - 1) + day - 1;
  return true;
}

static bool time_meant(Reader *r, i64 *time) {
  while (add_time(r, 0)) {
  }
  i32 hour = r->time[0], minute = r->time[1], second = r->time[2], millisecond = r->time[3];
  if (r->half_day != NONE) {
    if (!between(hour, 0, 12)) return false;
    hour = hour % 12 + r->half_day;
  }
  bool usual = between(hour, 0, 23) && between(minute, 0, 59) && between(second, 0, 59) && between(millisecond, 0, 999);
  if (!usual && (hour != 24 || minute != 0 || second != 0 || millisecond != 0)) return false;
  *time = ((hour * 60 + minute) * 60 + second) * 1000ll + millisecond;
  return true;
}

static i64 zone_meant(const Reader *r) {
  if (r->zone_sign == NONE) return 0;
  i64 hours = r->zone_hour == NONE ? 0 : r->zone_hour, minutes = r->zone_minute == NONE ? 0 : r->zone_minute;
  return r->zone_sign * (hours * 60 + minutes) * 60000;
}

/** False when the text is no date. */
static bool read_date(const char *text, size_t length, i64 *milliseconds) {
  const u8 *at = (const u8 *)text;
  Reader r = {.at = at, .end = at + length, .month = NONE, .half_day = NONE, .zone_sign = NONE, .zone_hour = NONE, .zone_minute = NONE};
  take(&r);
  Token unhandled;
  Outcome outcome = read_iso(&r, &unhandled);
  if (outcome == REFUSED || (outcome == OTHERWISE && !read_other(&r, unhandled))) return false;
  i64 days, time;
  if (!day_meant(&r, &days) || !time_meant(&r, &time)) return false;
  *milliseconds = days * 86400000 + time - zone_meant(&r);
  return *milliseconds >= -8640000000000000ll && *milliseconds <= 8640000000000000ll;
}

EXPORT JSValue guest_date_parse(JSContext *c, JSValue this_val, i32 argc, JSValue *argv) {
  JSValue string = JS_ToString(c, argv[0]);
  if (is_exception(string)) return string;
  size_t length;
  const char *text = JS_ToCStringLen2(c, &length, string, false);
  JS_FreeValue(c, string);
  if (text == NULL) return JS_EXCEPTION;
  i64 milliseconds;
  bool is_date = read_date(text, length, &milliseconds);
  JS_FreeCString(c, text);
  return JS_NewNumber(c, is_date ? (double)milliseconds : __builtin_nan(""));
}
