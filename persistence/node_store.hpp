#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "persistence/postgres/connection.hpp"

namespace cued::persistence {

/// A node as its row in cued.nodes says it. `epoch` names one life of it, and is never given twice.
struct node_row {
  std::int64_t epoch = 0;
  std::int64_t renewals = 0; ///< grows while the node lives
  bool resting = false;      ///< it stops, or was told to fire no cues: they are for the others
  std::string name = {};

  bool operator==(const node_row&) const = default;
};

/// The nodes that share this database: see migration 0009 and persistence/membership.hpp, whose tool this is.
class node_store {
public:
  virtual ~node_store() = default;

  /// A new life, under `name`. `resting`: see node_row. `alone`: there can be no other, so whatever rows there are, are
  /// left behind; they go.
  virtual result<std::int64_t> join(const std::string& name, bool resting, bool alone) = 0;

  /// A sign of life of `epoch`, and all nodes there are, by epoch. If `epoch` is not among them, it was removed.
  virtual result<std::vector<node_row>> renew(std::int64_t epoch, bool resting) = 0;

  /// Removes those of the nodes that have not renewed since they were read so. Returns the ones that it was: of several
  /// who try, each row is one's.
  virtual result<std::vector<std::int64_t>> remove_silent(const std::vector<node_row>& nodes) = 0;

  virtual result<void> leave(std::int64_t epoch) = 0;
};

class postgres_node_store final : public node_store {
public:
  explicit postgres_node_store(connection_options options);

  result<std::int64_t> join(const std::string& name, bool resting, bool alone) override;
  result<std::vector<node_row>> renew(std::int64_t epoch, bool resting) override;
  result<std::vector<std::int64_t>> remove_silent(const std::vector<node_row>& nodes) override;
  result<void> leave(std::int64_t epoch) override;

private:
  connection link_;
};

} // namespace cued::persistence
