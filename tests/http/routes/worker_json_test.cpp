#include "http/routes/worker_json.hpp"

#include <gtest/gtest.h>

using namespace cued;
using namespace std::chrono_literals;

namespace {

const instant now = std::chrono::sys_days{std::chrono::year{2026} / 11 / 24} + 13h;

} // namespace

TEST(worker_json, tells_how_alive_each_worker_is) {
  const std::vector<persistence::worker> workers{{"w1", R"(["a", "b"])", now - 179s, now - 24h},
                                                 {"w\"2", std::nullopt, now - 900s - 1us, now - 48h}};
  EXPECT_EQ(http::workers_json(workers, now),
            R"({"workers":[{"worker_id":"w1","last_heartbeat":"2026-11-24T12:57:01Z","seconds_since_heartbeat":179,)"
            R"("heartbeat_status":"active","handlers":["a", "b"],"registered_since":"2026-11-23T13:00:00Z"},)"
            R"({"worker_id":"w\"2","last_heartbeat":"2026-11-24T12:44:59.999999Z","seconds_since_heartbeat":900,)"
            R"("heartbeat_status":"dead","handlers":null,"registered_since":"2026-11-22T13:00:00Z"}]})");
}

TEST(worker_json, no_workers_are_an_empty_list) { EXPECT_EQ(http::workers_json({}, now), R"({"workers":[]})"); }
