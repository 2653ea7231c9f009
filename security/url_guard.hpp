#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "domain/error.hpp"
#include "security/address.hpp"
#include "security/url.hpp"

/// Which URLs our requests may go to: the guard against users who would have this server reach where they cannot.
/// One set of rules for every URL of a user, when it is stored and again each time something is sent to it; a request
/// then goes to one of the addresses that were checked, never to the outcome of a second look-up.
/// Pure: looking names up is the caller's part, between check_text and check_addresses. Any thread.
/// Source: spec/security.md §1.
namespace cued::security {

/// What the operator decided.
struct url_policy {
  /// ENV is exactly `development`: plain http is fine anywhere. Nothing else depends on ENV.
  bool plain_http = false;

  /// WEBHOOK_ALLOW_LOOPBACK: opens 127.0.0.0/8, ::1 and the name `localhost`, for http too.
  bool allow_loopback = false;

  /// WEBHOOK_ALLOW_NETWORKS: opens exactly these, for http too.
  std::vector<network> allow_networks;

  /// For URLs of the operator's own settings (mail API, hooks), never for one that a user gave: any address, any name,
  /// http too. Form and credentials are judged as always.
  bool unguarded = false;
};

/// Texts of `allow_networks` to values. 500 `invalid_network`, naming the text, for what is no address or CIDR block.
[[nodiscard]] result<std::vector<network>> parse_networks(const std::vector<std::string>& texts);

/// A URL whose text is in order; where it leads is not yet known.
struct url_candidate {
  url parsed;
  /// http outside development, in the hope that the operator has opened where it leads.
  bool opened_only = false;
};

/// Everything that can be said without a look-up. All errors are 400 `invalid_callback_url`; routes whose error has
/// another code replace it. Messages hold the words that the reference's tests look for.
///
/// Rules in order: form; scheme; credentials; a host; names that are never allowed; names that cannot exist.
[[nodiscard]] result<url_candidate> check_text(std::string_view text, const url_policy& policy);

/// The address, if the host is one: then there is nothing to look up.
[[nodiscard]] std::optional<address> literal_address(const url& u);

/// Judges what the host resolved to; no address at all means that it did not. One forbidden address spoils all: a name
/// with a public and a private address is an attack or a mistake.
[[nodiscard]] result<void> check_addresses(const url_candidate& candidate, const std::vector<address>& resolved,
                                           const url_policy& policy);

/// What is recorded of an attempt that the guard refused. Always holds the word `blocked` (spec/delivery.md §5.4).
[[nodiscard]] std::string blocked_attempt_text(const error& refusal);

} // namespace cued::security
