#pragma once

#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace cued::security {

/// Who may write to whom, as AUTHZ_ALLOWLIST lists it: `sender:recipient` pairs of user ids, comma separated. A pair
/// allows one direction. Each entry is split at its first colon, blanks around its halves are dropped, and ids are
/// compared as text, letter case included. Immutable, any thread. Source: spec/auth.md §6.
class message_allowlist {
public:
  explicit message_allowlist(std::string_view text);

  [[nodiscard]] bool allows(const std::string& sender, const std::string& recipient) const;

  /// Entries without a colon or with an empty half, which allow nothing.
  [[nodiscard]] const std::vector<std::string>& skipped() const { return skipped_; }

private:
  void add(std::string_view entry);

  std::set<std::pair<std::string, std::string>> pairs_;
  std::vector<std::string> skipped_;
};

} // namespace cued::security
