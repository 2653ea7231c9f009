#include <array>

#include <boost/asio/buffer.hpp>
#include <boost/beast/http/buffer_body.hpp>
#include <boost/beast/http/parser.hpp>

#include "http/client/response_text.hpp"
#include "http/client/retry_after.hpp"
#include "http/server/target.hpp"
#include "http/validation/coercions.hpp"
#include "tests/fuzz/fuzz.hpp"

// Input: one byte that says how the answer is cut into pieces, then the answer of a receiver.
namespace {

using namespace cued::http::client;
using cued::fuzz::require;
using cued::fuzz::require_equal;
namespace bhttp = boost::beast::http;

struct answer {
  bool head = false, ended = false, failed = false;
  unsigned status = 0;
  std::string body, encoding, type, retry_after, date;
};

/// Reads as webhook_exchange does: a head, then at most body_limit_bytes of the body, into a buffer of that size.
answer read(std::string_view message, std::size_t piece) {
  answer out;
  bhttp::response_parser<bhttp::buffer_body> parser;
  parser.header_limit(64 * 1024);
  parser.body_limit(boost::none);
  std::array<char, body_limit_bytes> bytes;
  auto& body = parser.get().body();
  body.data = bytes.data();
  body.size = bytes.size();
  body.more = true;
  std::string waiting;
  boost::beast::error_code ec;
  while (!parser.is_done()) {
    const auto taken = parser.put(boost::asio::buffer(waiting), ec);
    waiting.erase(0, taken);
    if (ec && ec != bhttp::error::need_more)
      break;
    if (parser.is_header_done() && !ec && !waiting.empty())
      continue;
    if (message.empty()) {
      if (parser.got_some() && parser.need_eof())
        parser.put_eof(ec);
      break;
    }
    waiting.append(message.substr(0, piece));
    message.remove_prefix(std::min(piece, message.size()));
  }
  const auto field = [&](bhttp::field name) { return std::string{parser.get()[name]}; };
  out.head = parser.is_header_done();
  out.failed = ec && ec != bhttp::error::need_more && ec != bhttp::error::need_buffer;
  out.ended = out.head && !out.failed;
  out.status = out.head ? parser.get().result_int() : 0;
  out.body.assign(bytes.data(), bytes.size() - body.size);
  out.encoding = field(bhttp::field::content_encoding);
  out.type = field(bhttp::field::content_type);
  out.retry_after = field(bhttp::field::retry_after);
  out.date = field(bhttp::field::date);
  return out;
}

void check_kept(std::string_view body, std::string_view encoding, std::string_view type) {
  const auto plain = decompress(body, encoding);
  require(plain.size() <= std::max(body.size(), body_limit_bytes), "a small answer does not unfold without limit");
  const auto charset = charset_of(type);
  require(charset.find_first_of("; \t") == std::string_view::npos, "a charset is one word");
  const auto text = readable_text(plain, charset);
  require(cued::http::length_in_code_points(text) <= kept_characters, "what is kept is short");
  require(text.find('\0') == std::string::npos, "what is kept can be stored");
  require_equal(cued::http::valid_utf8(text), text, "what is kept is valid UTF-8");
  require_equal(readable_text(text, "utf-8"), text, "what is kept stays as it is");
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 2)
    return 0;
  const std::string_view message{reinterpret_cast<const char*>(data) + 1, size - 1};
  const auto whole = read(message, message.size());
  const auto pieces = read(message, 1 + data[0] % 64);
  // Of a head that never ends, Beast may or may not have seen yet that it is none.
  require(whole.head == pieces.head && whole.status == pieces.status && (!whole.head || whole.failed == pieces.failed),
          "the cut into pieces changes nothing");
  if (whole.head && !whole.failed) {
    require_equal(pieces.body, whole.body, "the body does not depend on the cut into pieces");
    check_kept(whole.body, whole.encoding, whole.type);
    const auto wait = read_retry_after(whole.retry_after, whole.date, cued::instant{});
    require(!wait || *wait >= 0, "nobody waits backwards");
  }
  // One encoding and one charset also without a head around it.
  constexpr std::array<std::string_view, 3> encodings{"gzip", "deflate", "identity"};
  constexpr std::array<std::string_view, 7> types{"text/html; charset=\"iso-8859-15\"",
                                                  "a/b;charset=shift_jis",
                                                  "a/b; charset=gb18030",
                                                  "a/b; charset=utf-16le",
                                                  "a/b; charset=euc-kr",
                                                  "a/b; charset=big5",
                                                  "a/b; charset=utf-8"};
  check_kept(message, encodings[data[0] % encodings.size()], types[data[0] % types.size()]);
  return 0;
}
