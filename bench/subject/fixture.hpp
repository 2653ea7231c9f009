#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <vector>

#include "domain/error.hpp"
#include "domain/instant.hpp"

/// What a scenario needs to be there before it begins. Written by SQL in large statements, so that setting the stage
/// takes seconds, then ANALYZE and CHECKPOINT so that runs begin alike.
namespace cued::bench {

struct tenant {
  std::string user_id, api_key;
};

/// Tenants with no limits in their way (rate, cues, executions a month). Keys begin like real ones and are valid.
[[nodiscard]] result<std::vector<tenant>> make_tenants(const std::string& dsn, std::size_t count);

struct pending_wish {
  std::size_t per_tenant = 0;
  std::size_t cues_per_tenant = 10;
};
/// Worker cues and pending executions that are due, shared evenly: ids in the order of the tenants, tenant by tenant.
[[nodiscard]] result<std::vector<std::vector<std::string>>>
make_pending(const std::string& dsn, const std::vector<tenant>& tenants, const pending_wish& wish);

enum class transport { worker, webhook };
struct due_wish {
  std::size_t per_tenant = 0;
  instant first;                      ///< due instants are spread evenly from here …
  std::chrono::microseconds apart{0}; ///< … this far apart over all tenants, in turn; 0: all at once
  transport to = transport::webhook;
  std::string callback_url;
};
/// One-time cues that will become due.
[[nodiscard]] result<std::vector<std::string>> make_due_cues(const std::string& dsn, const std::vector<tenant>& tenants,
                                                             const due_wish& wish);

/// Finished executions, for scenarios that read.
[[nodiscard]] result<std::vector<std::vector<std::string>>>
make_history(const std::string& dsn, const std::vector<tenant>& tenants, std::size_t per_tenant);

/// Everything that runs made is emptied (users, cues, executions and what hangs on them): the stage of the next run.
/// Refused where there is an account that make_tenants did not make: it is somebody's database.
[[nodiscard]] result<void> clear_stage(const std::string& dsn);

} // namespace cued::bench
