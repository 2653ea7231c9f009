#include "security/message_allowlist.hpp"

namespace cued::security {
namespace {

std::string_view trimmed(std::string_view text) {
  constexpr std::string_view blanks = " \t\r\n";
  const auto first = text.find_first_not_of(blanks);
  return first == std::string_view::npos ? std::string_view{}
                                         : text.substr(first, text.find_last_not_of(blanks) - first + 1);
}

} // namespace

message_allowlist::message_allowlist(std::string_view text) {
  while (!text.empty()) {
    const auto comma = text.find(',');
    if (const auto entry = trimmed(text.substr(0, comma)); !entry.empty())
      add(entry);
    text = comma == std::string_view::npos ? std::string_view{} : text.substr(comma + 1);
  }
}

void message_allowlist::add(std::string_view entry) {
  const auto colon = entry.find(':');
  const auto sender = trimmed(entry.substr(0, colon));
  const auto recipient = colon == std::string_view::npos ? std::string_view{} : trimmed(entry.substr(colon + 1));
  if (sender.empty() || recipient.empty())
    skipped_.emplace_back(entry);
  else
    pairs_.emplace(sender, recipient);
}

bool message_allowlist::allows(const std::string& sender, const std::string& recipient) const {
  return pairs_.contains({sender, recipient});
}

} // namespace cued::security
