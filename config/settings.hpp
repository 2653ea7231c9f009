#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <tl/expected.hpp>

#include "domain/error.hpp"

namespace cued::config {

/// Everything an operator can decide, read once at start; nothing reloads. One member per variable, of the same name
/// in lower case; the initializer is the default. What each means, its unit and its range stand in
/// `config/setting_table.cpp`, the one table that reading, `cued config` and the documentation share.
/// A plain value: whoever gets a copy or a const reference may read it from any thread.
/// Source: spec/config.md §2.
struct settings {
  // -- stores and server ------------------------------------------------
  std::string database_url; ///< as given, for libpq see config/database_url.hpp; empty: cued runs its own cluster
  int database_pool_size = 5;
  int database_max_overflow = 5;
  std::string redis_url; ///< empty: windows and caches live in this process
  std::string host = "0.0.0.0";
  int port = 8000;
  std::string base_url = "http://localhost:8000"; ///< without a trailing slash
  std::string tls_cert_file;                      ///< with tls_key_file: HTTPS; both empty: plain HTTP
  std::string tls_key_file;
  int connections_max = 10'000;
  int connections_per_address_max = 1'000;
  std::string env = "development";

  // -- clock and delivery -----------------------------------------------
  int poller_interval_seconds = 5;
  int poller_batch_size = 500;
  int poller_heartbeat_ttl_seconds = 120;
  int poller_leader_lock_ttl_seconds = 30;
  int execution_stale_after_seconds = 300;
  int webhook_timeout_seconds = 30;
  int webhook_concurrency_per_worker = 50;
  int max_concurrent_deliveries_per_user = 50;
  int worker_heartbeat_timeout_seconds = 180;
  int worker_claim_timeout_seconds = 900;
  int worker_unclaimed_timeout_seconds = 900;
  int execution_retention_days = 0; ///< 0: finished executions are kept for ever
  int audit_retention_days = 365;   ///< 0: the audit log is kept for ever
  std::string railway_replica_id;   ///< the reference's name for `node_name`, which wins

  // -- messages ---------------------------------------------------------
  int message_ttl_days = 30;
  int message_delivery_stale_after_seconds = 300;
  double priority_4_debounce_seconds = 2.0;
  int digest_period_seconds = 600;
  int digest_min_batch_size = 1;

  // -- accounts, auth, mail ---------------------------------------------
  std::string session_secret; ///< empty after loading in development: see config/session_secret.hpp
  bool allow_register = true;
  bool external_auth_backend = false;
  std::string internal_auth_token;
  std::string authorization_backend; ///< "" or one of the three names of spec/auth.md §6
  std::string authz_hook_url;
  std::string authz_hook_secret;
  std::string authz_allowlist;
  std::string resend_api_key; ///< empty: no mail is sent
  std::string resend_from_email;
  std::string resend_api_url = "https://api.resend.com";
  bool disable_cue_primitive = false;
  bool disable_quota_enforcement = false;
  bool disable_device_code = false;

  // -- network ----------------------------------------------------------
  std::vector<std::string> forwarded_allow_ips = {"127.0.0.1"}; ///< addresses, CIDR, or `*`
  std::vector<std::string> cors_origins = {"*"};
  bool webhook_allow_loopback = false;
  bool webhook_allow_loopback_in_production = false;
  std::vector<std::string> webhook_allow_networks; ///< addresses or CIDR that webhooks may reach although private
  std::string webhook_egress_proxy;                ///< holds its password; read by http/client/egress_proxy.hpp
  std::string ssl_cert_file;
  std::string ssl_cert_dir;

  // -- this program -----------------------------------------------------
  std::string data_dir;   ///< absolute after loading
  std::string tzdata_dir; ///< never empty after loading
  std::string node_name;  ///< never empty after loading
  int node_lease_seconds = 10;
  std::string postgres_bin_dir;
  std::string cron_dst_overlap = "once"; ///< `once` or `both`
  std::string log_level = "info";
  std::string log_format = "auto"; ///< `auto`: JSON lines unless standard error is a terminal
  int io_threads = 0;              ///< 0: one per processor
  int shards = 0;                  ///< members of each actor pool; 0: one for every two processors
  int batch_rows = 1000;           ///< of one statement that claims or records outcomes
  int shutdown_timeout_seconds = 10;

  [[nodiscard]] bool production() const { return env == "production"; }
  [[nodiscard]] bool embedded_database() const { return database_url.empty(); }
};

enum class origin { default_value, dotenv_file, environment, flag };

/// Where settings come from, as plain text; the first that names a variable wins in the order of the members.
/// Names are case-insensitive; where two differ only in case, the upper-case one wins.
struct sources {
  std::map<std::string, std::string> flags; ///< `--port 99` is {"PORT", "99"}, `--set NAME=value` is {NAME, value}
  std::map<std::string, std::string> environment;
  std::optional<std::string> dotenv; ///< the text of `.env`, if there is one
};

/// Settings as loaded, with where each came from (by upper-case name; absent = default) and what the operator should
/// hear about although it does not stop the start.
struct loaded_settings {
  settings values;
  std::map<std::string, origin> origins;
  std::vector<std::string> warnings;
};

/// The environment of this process and the `.env` of its working directory, with `flags` on top.
/// A `.env` that exists and cannot be read is reported like a bad value.
[[nodiscard]] tl::expected<sources, std::vector<problem>> sources_of_process(std::map<std::string, std::string> flags);

/// Reads, checks ranges (spec/config.md §2) and combinations (§4). All that is wrong is reported at once; each
/// problem's `field` is the name of the variable.
[[nodiscard]] tl::expected<loaded_settings, std::vector<problem>> load(const sources& from);

/// Splits the argument of `--set`: `NAME=value`. Nothing if there is no `=` or no name.
[[nodiscard]] std::optional<std::pair<std::string, std::string>> split_assignment(std::string_view text);

} // namespace cued::config
