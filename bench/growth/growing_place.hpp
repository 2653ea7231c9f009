#pragma once

#include <memory>
#include <string>
#include <vector>

#include "bench/growth/growth.hpp"
#include "bench/growth/multitude.hpp"
#include "bench/growth/short_loads.hpp"
#include "bench/subject/fixture.hpp"
#include "bench/subject/server.hpp"

namespace cued::bench {

/// What the axes have in common: one server, started anew for each size, tenants, and figures taken by short loads.
/// Owned by the axis that is measured; one thread uses it.
class growing_place {
public:
  /// On an empty stage with so many tenants.
  [[nodiscard]] static result<std::unique_ptr<growing_place>> open(const growth_wish& wish, std::size_t tenants);

  [[nodiscard]] const std::string& dsn() const { return server_->dsn(); }
  [[nodiscard]] const std::vector<tenant>& tenants() const { return tenants_; }
  [[nodiscard]] server& subject() { return *server_; }
  [[nodiscard]] node_addresses nodes() const { return {{server_->host(), server_->port()}}; }

  /// The server ends and starts again on what is there now.
  [[nodiscard]] result<void> restart(growth_point& into);

  // Each adds its figures to `into`.
  [[nodiscard]] result<void> measure_claims(const node_addresses& nodes, growth_point& into);
  [[nodiscard]] result<void> measure_fires(growth_point& into);
  [[nodiscard]] result<void> measure_cue_routes(growth_point& into);
  [[nodiscard]] result<void> measure_reads(const node_addresses& nodes, double rows, growth_point& into);
  [[nodiscard]] result<void> measure_lists(std::int64_t crowd_cues, growth_point& into);
  [[nodiscard]] result<void> measure_size(growth_point& into);

private:
  explicit growing_place(const growth_wish& wish) : wish_{wish} {}
  [[nodiscard]] std::string key_of(const std::string& user_id) const;

  const growth_wish& wish_;
  std::unique_ptr<server> server_;
  std::vector<tenant> tenants_;
};

} // namespace cued::bench
