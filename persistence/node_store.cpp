#include "persistence/node_store.hpp"

namespace cued::persistence {
namespace {

/// One statement, so that nobody ever sees a database without any node in between.
constexpr named_query join_nodes{"join_nodes", R"sql(
  WITH left_behind AS (DELETE FROM cued.nodes WHERE $3::bool)
  INSERT INTO cued.nodes (name, resting) VALUES ($1::text, $2::bool) RETURNING epoch
)sql"};

/// Once a second. The renewed row is told as it is now, the others as the statement found them. Index: nodes_pkey.
constexpr named_query renew_node{"renew_node", R"sql(
  WITH renewed AS (
    UPDATE cued.nodes SET renewals = renewals + 1, resting = $2::bool, renewed_at = now() WHERE epoch = $1::bigint
    RETURNING epoch, renewals, resting, name
  )
  SELECT epoch, renewals, resting, name FROM renewed
  UNION ALL
  SELECT epoch, renewals, resting, name FROM cued.nodes WHERE epoch <> $1::bigint
  ORDER BY epoch
)sql"};

/// A node that renews at this very moment is not removed: its row is looked at again once it is unlocked.
/// Index: nodes_pkey.
constexpr named_query remove_silent_nodes{"remove_silent_nodes", R"sql(
  DELETE FROM cued.nodes n USING unnest($1::bigint[], $2::bigint[]) AS silent(epoch, renewals)
  WHERE n.epoch = silent.epoch AND n.renewals = silent.renewals
  RETURNING n.epoch
)sql"};

/// Index: nodes_pkey.
constexpr named_query remove_node{"remove_node", "DELETE FROM cued.nodes WHERE epoch = $1::bigint"};

/// A statement that has not come through by then will not help; who is silent for longer is taken for dead anyway.
constexpr int statement_timeout_seconds = 3;

connection_options hurried(connection_options options) {
  options.statement_timeout_seconds = statement_timeout_seconds;
  return options;
}

} // namespace

postgres_node_store::postgres_node_store(connection_options options) : link_{hurried(std::move(options))} {}

result<std::int64_t> postgres_node_store::join(const std::string& name, bool resting, bool alone) {
  return link_.run([&](session& s) -> result<std::int64_t> {
    return s.exec(join_nodes, name, resting, alone)[0][0].as<std::int64_t>();
  });
}

result<std::vector<node_row>> postgres_node_store::renew(std::int64_t epoch, bool resting) {
  return link_.run([&](session& s) -> result<std::vector<node_row>> {
    std::vector<node_row> out;
    for (const auto& row : s.exec(renew_node, epoch, resting))
      out.push_back({row[0].as<std::int64_t>(), row[1].as<std::int64_t>(), row[2].as<bool>(), row[3].c_str()});
    return out;
  });
}

result<std::vector<std::int64_t>> postgres_node_store::remove_silent(const std::vector<node_row>& nodes) {
  array_builder epochs, renewals;
  for (const auto& n : nodes) {
    epochs.add(std::to_string(n.epoch));
    renewals.add(std::to_string(n.renewals));
  }
  const auto epoch_list = std::move(epochs).str(), renewal_list = std::move(renewals).str();
  return link_.run([&](session& s) -> result<std::vector<std::int64_t>> {
    std::vector<std::int64_t> out;
    for (const auto& row : s.exec(remove_silent_nodes, epoch_list, renewal_list))
      out.push_back(row[0].as<std::int64_t>());
    return out;
  });
}

result<void> postgres_node_store::leave(std::int64_t epoch) {
  return link_.run([&](session& s) -> result<void> {
    s.exec(remove_node, epoch);
    return {};
  });
}

} // namespace cued::persistence
