#include "security/signature_headers.hpp"

#include "security/signature.hpp"
#include "security/standard_webhooks.hpp"

namespace cued::security {

std::vector<std::pair<std::string, std::string>> signature_headers(const signing_secrets& secrets,
                                                                   const outgoing_message& message) {
  const auto by_current = sign(secrets.current, message.unix_seconds, message.body);
  const auto& timestamp = by_current.timestamp;
  std::vector<std::pair<std::string, std::string>> out;
  out.emplace_back(signature_header, by_current.value);
  if (!secrets.previous.empty())
    out.emplace_back(previous_signature_header, sign(secrets.previous, message.unix_seconds, message.body).value);
  out.emplace_back(timestamp_header, timestamp);

  std::string standard;
  for (const auto secret : {secrets.current, secrets.previous})
    if (const auto one = standard_signature(secret, message.id, timestamp, message.body))
      standard += (standard.empty() ? "" : " ") + *one;
  if (standard.empty())
    return out;
  out.emplace_back("webhook-id", message.id);
  out.emplace_back("webhook-timestamp", timestamp);
  out.emplace_back("webhook-signature", standard);
  return out;
}

} // namespace cued::security
