#pragma once

#include <optional>
#include <string>
#include <vector>

#include "persistence/postgres/connection.hpp"

namespace cued::persistence {

/// An execution that its webhook endpoint should hear of now.
struct due_delivery {
  std::string execution_id;
  std::string user_id;
};

/// An execution taken for delivery (now `delivering`), with all that its request needs: the cue and the secret as they
/// are at this moment. JSON members are JSON text.
struct started_delivery {
  std::string execution_id, user_id, cue_id, cue_name;
  instant scheduled_for;
  int attempt = 1; ///< the attempt about to be made, 1-based
  std::string url, method, headers_json, payload_json;
  int retry_max_attempts = 3;
  std::string retry_backoff_json;
  std::string webhook_secret;
};

/// What the deliver actors ask of the store. Source: spec/delivery.md §6.
class delivery_store {
public:
  virtual ~delivery_store() = default;

  /// Takes those of the executions that still wait for delivery (pending or retry_ready, webhook transport), and marks
  /// their outbox rows dispatched in the same commit, so that nobody sends them twice. The others are left out.
  virtual result<std::vector<started_delivery>> start(const std::vector<std::string>& execution_ids) = 0;

  /// Gives back what was taken and never sent, with an undispatched outbox row, as if it had not been taken.
  virtual result<std::size_t> give_back(const std::vector<std::string>& execution_ids) = 0;
};

class postgres_delivery_store final : public delivery_store {
public:
  explicit postgres_delivery_store(connection_options options) : link_{std::move(options)} {}

  result<std::vector<started_delivery>> start(const std::vector<std::string>& execution_ids) override;
  result<std::size_t> give_back(const std::vector<std::string>& execution_ids) override;

private:
  connection link_;
};

} // namespace cued::persistence
