#include <algorithm>

#include "security/base64url.hpp"
#include "security/fernet.hpp"
#include "tests/fuzz/fuzz.hpp"

// Input: how a good token is altered (position, new byte), then the text in it; the whole also as a token.
namespace {

using cued::fuzz::require;
using cued::fuzz::require_equal;

class fixed_bytes final : public cued::security::random_source {
public:
  void fill(std::span<unsigned char> bytes) override { std::fill(bytes.begin(), bytes.end(), 0x5A); }
};

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const cued::security::fernet ours{"a session secret"}, theirs{"another session secret"};
  const std::string_view all{reinterpret_cast<const char*>(data), size};
  require(!ours.decrypt(all), "nobody makes a token without the secret");
  if (size < 2)
    return 0;

  fixed_bytes random;
  const auto text = all.substr(2);
  const auto token = ours.encrypt(text, 1'700'000'000, random);
  require(token.starts_with("gAAAA"), "a token looks like one");
  require_equal(ours.decrypt(token).value_or("refused"), text, "what was encrypted comes back");
  require(!theirs.decrypt(token), "another secret opens nothing");

  auto altered = token;
  altered[data[0] % altered.size()] = static_cast<char>(data[1]);
  require(altered == token || !ours.decrypt(altered), "an altered token is none");
  require(!ours.decrypt(std::string_view{token}.substr(0, data[0] % token.size())), "a shortened token is none");
  require(!ours.decrypt(token + static_cast<char>(data[1])), "a lengthened token is none");

  // The same below the encoding: one bit of one byte.
  auto bytes = *cued::security::from_base64url(token, cued::security::padding::required);
  auto& byte = bytes[data[0] % bytes.size()];
  byte = static_cast<char>(byte ^ 1 << data[1] % 8);
  require(!ours.decrypt(cued::security::to_base64url(bytes, cued::security::padding::required)),
          "a token with one bit changed is none");
  return 0;
}
