#include "config/combinations.hpp"

#include <algorithm>
#include <array>
#include <string_view>

#include "config/database_url.hpp"
#include "config/message_authority.hpp"
#include "config/redis_url.hpp"
#include "config/value_reader.hpp"

namespace cued::config {

namespace {

constexpr std::size_t shortest_secret = 32;

/// Secrets that stand in the reference's published files.
constexpr std::array<std::string_view, 2> published_secrets{"change-this-to-a-long-random-string",
                                                            "local-dev-secret-key-change-in-production"};

/// One judgement after the other; each member looks at one group of settings.
class judge_of_settings {
public:
  explicit judge_of_settings(const settings& values) : values_{values} {}

  verdict run() {
    urls();
    networks();
    tls();
    session_secret();
    internal_token();
    authorization();
    mail();
    deliveries();
    production();
    return std::move(out_);
  }

private:
  void refuse(std::string name, std::string why) { out_.problems.push_back({std::move(name), std::move(why)}); }
  void warn(std::string words) { out_.warnings.push_back(std::move(words)); }

  void urls() {
    if (!values_.database_url.empty())
      if (const auto url = libpq_url(values_.database_url); !url)
        refuse("DATABASE_URL", url.error());
    if (!values_.redis_url.empty())
      if (const auto redis = read_redis_url(values_.redis_url); !redis)
        refuse("REDIS_URL", redis.error());
    if (!is_web_url(values_.base_url))
      refuse("BASE_URL", "must be an http:// or https:// URL");
    if (!values_.authz_hook_url.empty() && !is_web_url(values_.authz_hook_url))
      refuse("AUTHZ_HOOK_URL", "must be an http:// or https:// URL");
    const auto& proxy = values_.webhook_egress_proxy;
    if (!proxy.empty() && (!is_web_url(proxy) || !proxy.starts_with("http://")))
      refuse("WEBHOOK_EGRESS_PROXY", "must be http://[user:password@]host[:port]");
    if (!is_web_url(values_.resend_api_url))
      refuse("RESEND_API_URL", "must be an http:// or https:// URL");
    if (values_.host.empty())
      refuse("HOST", "must not be empty; 0.0.0.0 is every IPv4 address of this machine");
    if (values_.data_dir.empty())
      refuse("DATA_DIR", "has no default here, because neither XDG_DATA_HOME nor HOME is set");
  }

  void networks() {
    for (const auto& member : values_.forwarded_allow_ips)
      if (member != "*" && !is_network(member))
        refuse("FORWARDED_ALLOW_IPS", "'" + member + "' is neither an address, nor a network (10.0.0.0/8), nor *");
    for (const auto& member : values_.webhook_allow_networks)
      if (!is_network(member))
        refuse("WEBHOOK_ALLOW_NETWORKS", "'" + member + "' is neither an address nor a network (10.0.0.0/8)");
    for (const auto& member : values_.cors_origins)
      if (member != "*" && !is_web_origin(member))
        refuse("CORS_ORIGINS", "'" + member + "' is neither an origin (https://app.example) nor *");
    if (values_.webhook_allow_loopback)
      warn("WEBHOOK_ALLOW_LOOPBACK is on: webhooks may reach every service on this machine");
    for (const auto& member : values_.webhook_allow_networks)
      warn("WEBHOOK_ALLOW_NETWORKS: webhooks may reach " + member);
  }

  void tls() {
    if (values_.tls_cert_file.empty() != values_.tls_key_file.empty()) {
      const bool certificate = values_.tls_cert_file.empty();
      refuse(certificate ? "TLS_CERT_FILE" : "TLS_KEY_FILE",
             std::string{"is required with "} + (certificate ? "TLS_KEY_FILE" : "TLS_CERT_FILE"));
    }
  }

  void session_secret() {
    const auto& secret = values_.session_secret;
    const bool published =
        std::find(published_secrets.begin(), published_secrets.end(), secret) != published_secrets.end();
    if (!values_.production()) {
      if (published || (!secret.empty() && secret.size() < shortest_secret))
        warn("SESSION_SECRET is short or published; production would refuse it");
      return;
    }
    if (secret.empty())
      refuse("SESSION_SECRET", "is required with ENV=production (openssl rand -hex 32 makes one)");
    else if (published)
      refuse("SESSION_SECRET", "is a published example; anybody could sign sessions with it");
    else if (secret.size() < shortest_secret)
      refuse("SESSION_SECRET", "must have at least 32 characters with ENV=production");
  }

  void internal_token() {
    const auto& token = values_.internal_auth_token;
    if (values_.external_auth_backend && token.empty())
      refuse("INTERNAL_AUTH_TOKEN", "is required with EXTERNAL_AUTH_BACKEND");
    if (!token.empty() && token.size() < shortest_secret)
      refuse("INTERNAL_AUTH_TOKEN", "must have at least 32 characters");
    if (!token.empty() && !values_.external_auth_backend)
      warn("INTERNAL_AUTH_TOKEN without EXTERNAL_AUTH_BACKEND: it opens nothing, and only frees from rate limits");
  }

  void authorization() {
    const auto choice = chosen_authority(values_);
    if (choice.not_loadable)
      warn("AUTHORIZATION_BACKEND names code that cued cannot load; " +
           std::string{choice.who == message_authority::hook ? "AUTHZ_HOOK_URL decides"
                                                             : "messages stay within an account"});
    const bool named = !values_.authorization_backend.empty() && !choice.not_loadable;
    if (named && !values_.authz_hook_url.empty())
      warn("AUTHORIZATION_BACKEND and AUTHZ_HOOK_URL are both set: the first wins");
    if (!values_.authz_hook_url.empty() && values_.authz_hook_secret.empty())
      warn("AUTHZ_HOOK_URL without AUTHZ_HOOK_SECRET: the questions are not signed");
  }

  void mail() {
    if (!values_.resend_api_key.empty() && values_.resend_from_email.empty())
      refuse("RESEND_FROM_EMAIL", "is required with RESEND_API_KEY");
  }

  void deliveries() {
    if (values_.webhook_timeout_seconds >= values_.execution_stale_after_seconds)
      refuse("WEBHOOK_TIMEOUT_SECONDS",
             "must be less than EXECUTION_STALE_AFTER_SECONDS, or slow deliveries would be made twice");
  }

  void production() {
    if (values_.env != "development" && values_.env != "production" && values_.env != "test")
      warn("ENV=" + values_.env +
           " is none of development, production, test (compared exactly); it gets the "
           "strictness of none of them");
    if (!values_.production())
      return;
    if (values_.allow_register)
      warn("ALLOW_REGISTER is on in production: anybody may make an account");
    if (values_.base_url.starts_with("http://"))
      warn("BASE_URL is http in production: login links travel unencrypted");
    if (values_.webhook_allow_loopback && !values_.webhook_allow_loopback_in_production)
      refuse("WEBHOOK_ALLOW_LOOPBACK", "is for development; with ENV=production it needs the confirmation "
                                       "WEBHOOK_ALLOW_LOOPBACK_IN_PRODUCTION=true");
  }

  const settings& values_;
  verdict out_;
};

} // namespace

verdict judge(const settings& values) { return judge_of_settings{values}.run(); }

} // namespace cued::config
