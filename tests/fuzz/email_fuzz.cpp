#include "security/email_address.hpp"
#include "tests/fuzz/fuzz.hpp"

#include "http/server/target.hpp"

// Input: what somebody claims to be an e-mail address.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using cued::fuzz::require;
  using cued::fuzz::require_equal;
  // Texts come out of JSON, which is UTF-8.
  const auto text = cued::http::valid_utf8({reinterpret_cast<const char*>(data), size});
  const auto address = cued::security::normalise_email(text);
  if (!address) {
    require(!address.error().empty(), "a refusal has a reason");
    return 0;
  }
  require(address->find_first_of(" \t\r\n\v\f<>\"(),:;[]\\") == std::string::npos &&
              address->find('\0') == std::string::npos,
          "an address holds nothing that a mail header could be split or confused with");
  const auto at = address->find('@');
  require(at != std::string::npos && at == address->rfind('@') && at != 0, "there is one @ and something before it");
  require_equal(cued::security::local_part(*address), std::string_view{*address}.substr(0, at),
                "local_part() is before it");
  const auto domain = std::string_view{*address}.substr(at + 1);
  require(domain.find('.') != std::string_view::npos, "a domain has a period");
  require(domain.find_first_of("ABCDEFGHIJKLMNOPQRSTUVWXYZ") == std::string_view::npos, "a domain is lower case");
  require_equal(cued::http::valid_utf8(*address), *address, "an address is valid UTF-8");
  require_equal(cued::security::normalise_email(*address).value_or("refused"), *address, "the normal form is one");
  require_equal(cued::security::normalise_email("Somebody <" + *address + "> ").value_or("refused"), *address,
                "a display name changes nothing");
  return 0;
}
