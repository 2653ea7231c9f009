#include "security/url_guard.hpp"

#include <algorithm>
#include <array>

namespace cued::security {
namespace {

constexpr std::size_t label_bytes_max = 63, name_bytes_max = 253; // RFC 1035 §2.3.4

constexpr std::array<std::string_view, 3> blocked_names = {"localhost", "metadata.google.internal",
                                                           "metadata.internal"};

tl::unexpected<error> refuse(std::string message) { return fail(400, "invalid_callback_url", std::move(message)); }
tl::unexpected<error> refuse_format() { return refuse("Invalid URL format"); }
tl::unexpected<error> refuse_host() { return refuse("URL must have a hostname"); }

tl::unexpected<error> refuse_scheme(const url_policy& policy) {
  return refuse(policy.plain_http ? "URL must use http:// or https://" : "URL must use https:// in production");
}

tl::unexpected<error> refuse_unresolved(const url& u) { return refuse("Cannot resolve hostname: " + u.host); }

std::string_view without_final_dot(std::string_view name) {
  return name.ends_with('.') ? name.substr(0, name.size() - 1) : name;
}

/// DNS has no empty or over-long labels, so there is no point in asking it.
bool can_exist(std::string_view name) {
  if (name.size() > name_bytes_max)
    return false;
  for (;;) {
    const auto dot = std::min(name.find('.'), name.size());
    if (dot == 0 || dot > label_bytes_max)
      return false;
    if (dot == name.size())
      return true;
    name.remove_prefix(dot + 1);
  }
}

bool is_opened(const address& a, const url_policy& policy) {
  if (policy.unguarded)
    return true;
  const auto target = a.effective();
  if (policy.allow_loopback && is_loopback(target))
    return true;
  return std::any_of(policy.allow_networks.begin(), policy.allow_networks.end(),
                     [&](const network& n) { return n.contains(a) || n.contains(target); });
}

tl::unexpected<error> refuse_fault(url_fault fault, const url_policy& policy) {
  switch (fault) {
  case url_fault::empty:
  case url_fault::no_scheme:
  case url_fault::other_scheme:
    return refuse_scheme(policy);
  case url_fault::empty_host:
    return refuse_host();
  default:
    return refuse_format();
  }
}

} // namespace

result<std::vector<network>> parse_networks(const std::vector<std::string>& texts) {
  std::vector<network> networks;
  for (const auto& text : texts) {
    const auto parsed = network::parse(text);
    if (!parsed)
      return fail(500, "invalid_network", "Not an address or network: " + text);
    networks.push_back(*parsed);
  }
  return networks;
}

result<url_candidate> check_text(std::string_view text, const url_policy& policy) {
  auto parsed = parse_url_strictly(text);
  if (!parsed)
    return refuse_fault(parsed.error(), policy);
  url_candidate candidate{std::move(*parsed), false};
  const auto& u = candidate.parsed;

  if (u.scheme == "http" && !policy.plain_http && !policy.unguarded) {
    candidate.opened_only = policy.allow_loopback || !policy.allow_networks.empty();
    if (!candidate.opened_only)
      return refuse_scheme(policy);
  }
  if (!u.username.empty() || !u.password.empty())
    return refuse("Credentials in callback URLs are not allowed");

  const auto name = without_final_dot(u.host);
  const bool opened_name = policy.unguarded || (policy.allow_loopback && name == "localhost");
  if (!opened_name && std::find(blocked_names.begin(), blocked_names.end(), name) != blocked_names.end())
    return refuse("Blocked hostname: " + u.host);
  if (!literal_address(u) && !can_exist(name))
    return refuse_unresolved(u);
  return candidate;
}

std::optional<address> literal_address(const url& u) { return address::parse(u.host); }

result<void> check_addresses(const url_candidate& candidate, const std::vector<address>& resolved,
                             const url_policy& policy) {
  if (resolved.empty())
    return refuse_unresolved(candidate.parsed);
  for (const auto& a : resolved)
    if (is_blocked(a) && !is_opened(a, policy))
      return refuse("Callback URL resolves to blocked address range");
  if (candidate.opened_only &&
      !std::all_of(resolved.begin(), resolved.end(), [&](const address& a) { return is_opened(a, policy); }))
    return refuse_scheme(policy);
  return {};
}

std::string blocked_attempt_text(const error& refusal) { return "Request blocked: " + refusal.message; }

} // namespace cued::security
