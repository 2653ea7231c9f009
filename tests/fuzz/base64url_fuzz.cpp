#include <algorithm>
#include <vector>

#include <openssl/evp.h>

#include "security/base64url.hpp"
#include "tests/fuzz/fuzz.hpp"

// Input: bytes to be encoded, and the same taken for text to be decoded.
namespace {

using namespace cued::security;
using cued::fuzz::require;
using cued::fuzz::require_equal;

/// OpenSSL's base64 with the two characters exchanged.
std::string encoded_by_openssl(std::string_view bytes) {
  std::vector<unsigned char> out(bytes.size() / 3 * 4 + 5);
  const int length =
      EVP_EncodeBlock(out.data(), reinterpret_cast<const unsigned char*>(bytes.data()), static_cast<int>(bytes.size()));
  std::string text(reinterpret_cast<const char*>(out.data()), static_cast<std::size_t>(length));
  std::replace(text.begin(), text.end(), '+', '-');
  std::replace(text.begin(), text.end(), '/', '_');
  return text;
}

void check_decoding(std::string_view text, padding p) {
  if (const auto bytes = from_base64url(text, p))
    require_equal(to_base64url(*bytes, p), text, "what decodes is the one encoding of its bytes");
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view bytes{reinterpret_cast<const char*>(data), size};
  const auto padded = to_base64url(bytes, padding::required);
  const auto plain = to_base64url(bytes, padding::none);
  require_equal(padded, encoded_by_openssl(bytes), "OpenSSL encodes alike");
  require_equal(plain, std::string_view{padded}.substr(0, padded.find('=')), "without padding it is the same");
  require(from_base64url(padded, padding::required) == bytes, "encoded with padding, bytes come back");
  require(from_base64url(plain, padding::none) == bytes, "encoded without padding, bytes come back");
  check_decoding(bytes, padding::required);
  check_decoding(bytes, padding::none);
  return 0;
}
