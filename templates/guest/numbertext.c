// Numbers as text, as short as they can be.
//
// The engine rounds a double to 17 digits, then to 16, and so on while the text still means the same double. Where the
// doubles below lie closer than those above, which is at powers of two, the nearest decimal may be another double's,
// and the next one above this one's all the same.
#include "departures.h"

enum { FORMAT_MASK = 3, FORMAT_FREE = 0 };

static bool is_power_of_two(double number) {
  u64 bits;
  memcpy(&bits, &number, sizeof(bits));
  return (bits << 12) == 0 && (bits << 1) != 0 && (bits << 1) >> 53 != 0x7ff;
}

static bool is_digit(char c) { return c >= '0' && c <= '9'; }

/** Where the exponent begins, or the text ends. */
static u32 end_of_digits(const char *text) {
  u32 end = 0;
  while (text[end] != 0 && text[end] != 'e') end++;
  return end;
}

/** The next digit to the left of `at`; -1 when there is none. */
static i32 digit_before(const char *text, i32 at) {
  do at--;
  while (at >= 0 && !is_digit(text[at]));
  return at;
}

/** Take the characters of text[from, to) out. */
static void cut(char *text, u32 from, u32 to) {
  do text[from++] = text[to];
  while (text[to++] != 0);
}

/** Zeros at the end of a fraction say nothing. */
static void cut_zeros(char *text) {
  u32 end = end_of_digits(text), point = 0;
  while (point < end && text[point] != '.') point++;
  if (point == end) return;
  u32 last = end - 1;
  while (text[last] == '0') last--;
  cut(text, last == point ? point : last + 1, end);
}

/** Leave out the last digit that is not 0 and round up. False when there is only one. */
static bool round_up(char *text) {
  i32 last = digit_before(text, (i32)end_of_digits(text));
  while (last >= 0 && text[last] == '0') last = digit_before(text, last);
  if (last < 0) return false;
  text[last] = '0';
  i32 at = digit_before(text, last);
  while (at >= 0 && text[at] == '9') {
    text[at] = '0';
    at = digit_before(text, at);
  }
  if (at < 0) return false;
  text[at]++;
  cut_zeros(text);
  return true;
}

static bool means(const char *text, double number) {
  JSValue string = JS_NewStringLen(ctx, text, strlen(text));
  double meant;
  bool same = !is_exception(string) && JS_ToFloat64(ctx, &meant, string) == 0 && meant == number;
  if (is_exception(string)) JS_FreeValue(ctx, JS_GetException(ctx));
  JS_FreeValue(ctx, string);
  return same;
}

/** Exchanges `text` for a shorter one while there is one that is `number`. */
static JSValue shorten(JSValue text, double number) {
  enum { LONGEST = 40 };
  char shortest[LONGEST], shorter[LONGEST];
  size_t length;
  const char *bytes = JS_ToCStringLen2(ctx, &length, text, false);
  if (bytes == NULL || length >= LONGEST) {
    JS_FreeCString(ctx, bytes);
    return text;
  }
  memcpy(shorter, bytes, length + 1);
  memcpy(shortest, bytes, length + 1);
  JS_FreeCString(ctx, bytes);
  while (round_up(shorter) && means(shorter, number)) memcpy(shortest, shorter, LONGEST);
  JSValue result = JS_NewStringLen(ctx, shortest, strlen(shortest));
  JS_FreeValue(ctx, text);
  return result;
}

EXPORT JSValue guest_number_text(JSContext *c, double number, i32 radix, i32 digits, i32 flags) {
  JSValue text = engine_number_text(c, number, radix, digits, flags);
  bool shortest = radix == 10 && (flags & FORMAT_MASK) == FORMAT_FREE;
  return shortest && is_power_of_two(number) && is_string(text) ? shorten(text, number) : text;
}
