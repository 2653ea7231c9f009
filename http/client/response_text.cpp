#include "http/client/response_text.hpp"

#include <algorithm>
#include <array>
#include <cerrno>

#include <boost/algorithm/string/predicate.hpp>
#include <iconv.h>
#include <zlib.h>

namespace cued::http::client {

namespace {

constexpr std::string_view replacement_character = "\xEF\xBF\xBD";

/// zlib's numbers for `windowBits`: gzip and zlib frames recognised by themselves, or no frame at all.
enum class frame : int { automatic = 15 + 32, none = -15 };

/// Appends to `out` up to the limit; false when the input is not in this frame or damaged.
bool inflate_into(std::string& out, std::string_view body, frame form) {
  z_stream stream{};
  if (inflateInit2(&stream, static_cast<int>(form)) != Z_OK)
    return false;
  out.resize(body_limit_bytes);
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(body.data())); // zlib does not write to its input
  stream.avail_in = static_cast<uInt>(body.size());
  stream.next_out = reinterpret_cast<Bytef*>(out.data());
  stream.avail_out = static_cast<uInt>(out.size());
  const int outcome = inflate(&stream, Z_SYNC_FLUSH);
  out.resize(out.size() - stream.avail_out);
  inflateEnd(&stream);
  return outcome == Z_OK || outcome == Z_STREAM_END || outcome == Z_BUF_ERROR;
}

/// Length of the valid UTF-8 sequence at the start of `text`, 0 if there is none. `invalid` is how many bytes a single
/// U+FFFD stands for then (the longest prefix of a sequence, Unicode 15 §3.9, as other decoders do).
std::size_t utf8_sequence(std::string_view text, std::size_t& invalid) {
  const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
  const auto lead = byte(0);
  invalid = 1;
  if (lead < 0x80)
    return 1;
  std::size_t length = 0;
  unsigned char lowest = 0x80, highest = 0xBF; // of the second byte
  if (lead >= 0xC2 && lead <= 0xDF)
    length = 2;
  else if (lead >= 0xE0 && lead <= 0xEF) {
    length = 3;
    lowest = lead == 0xE0 ? 0xA0 : lowest;   // no overlong forms
    highest = lead == 0xED ? 0x9F : highest; // no surrogates
  } else if (lead >= 0xF0 && lead <= 0xF4) {
    length = 4;
    lowest = lead == 0xF0 ? 0x90 : lowest;
    highest = lead == 0xF4 ? 0x8F : highest; // not beyond U+10FFFF
  } else
    return 0;
  for (std::size_t i = 1; i < length; ++i) {
    if (i >= text.size() || byte(i) < lowest || byte(i) > highest)
      return 0;
    invalid = i + 1;
    lowest = 0x80;
    highest = 0xBF;
  }
  return length;
}

std::string clean_utf8(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  for (std::size_t characters = 0; !text.empty() && characters < kept_characters;) {
    std::size_t invalid = 0;
    const auto length = utf8_sequence(text, invalid);
    if (length == 0) {
      out += replacement_character;
      text.remove_prefix(invalid);
      ++characters;
      continue;
    }
    if (text[0] != '\0') {
      out += text.substr(0, length);
      ++characters;
    }
    text.remove_prefix(length);
  }
  return out;
}

/// What iconv is asked for: it loads code by name, and the name comes from a stranger.
constexpr std::array<const char*, 17> convertible_charsets{
    "us-ascii",     "iso-8859-1",   "latin1", "iso-8859-2", "iso-8859-15", "windows-1250",
    "windows-1251", "windows-1252", "koi8-r", "shift_jis",  "euc-jp",      "euc-kr",
    "gbk",          "gb18030",      "big5",   "utf-16le",   "utf-16be",
};

/// Undecodable bytes are replaced one by one. False when the charset is none of ours.
bool to_utf8(std::string_view body, std::string_view charset, std::string& out) {
  const auto known = std::ranges::find_if(convertible_charsets, [&](auto one) { return boost::iequals(charset, one); });
  if (known == convertible_charsets.end())
    return false;
  const iconv_t converter = iconv_open("UTF-8", *known);
  if (converter == reinterpret_cast<iconv_t>(-1))
    return false;
  char* in = const_cast<char*>(body.data()); // iconv does not write to its input
  std::size_t in_left = body.size();
  char chunk[1024];
  while (in_left > 0) {
    char* to = chunk;
    std::size_t room = sizeof chunk;
    const auto outcome = iconv(converter, &in, &in_left, &to, &room);
    out.append(chunk, sizeof chunk - room);
    if (outcome != static_cast<std::size_t>(-1) || errno == E2BIG)
      continue;
    out += replacement_character;
    if (errno == EINVAL) // the body ends within a character
      break;
    ++in;
    --in_left;
  }
  iconv_close(converter);
  return true;
}

} // namespace

std::string decompress(std::string_view body, std::string_view content_encoding) {
  const bool gzip = boost::iequals(content_encoding, "gzip") || boost::iequals(content_encoding, "x-gzip");
  const bool deflate = boost::iequals(content_encoding, "deflate");
  if (!gzip && !deflate)
    return std::string{body};
  std::string out;
  if (inflate_into(out, body, frame::automatic) || gzip || !out.empty())
    return out;
  inflate_into(out, body, frame::none);
  return out;
}

std::string_view charset_of(std::string_view content_type) {
  constexpr std::string_view name = "charset=";
  for (auto at = content_type.find(';'); at != std::string_view::npos; at = content_type.find(';')) {
    content_type.remove_prefix(at + 1);
    const auto start = content_type.find_first_not_of(" \t");
    if (start == std::string_view::npos)
      return {};
    content_type.remove_prefix(start);
    if (!boost::istarts_with(content_type, name))
      continue;
    auto value = content_type.substr(name.size());
    value = value.substr(0, value.find_first_of("; \t"));
    if (value.size() >= 2 && value.front() == '"' && value.back() == '"')
      value = value.substr(1, value.size() - 2);
    return value;
  }
  return {};
}

std::string readable_text(std::string_view body, std::string_view charset) {
  std::string converted;
  return clean_utf8(to_utf8(body, charset, converted) ? converted : body);
}

} // namespace cued::http::client
