#include "persistence/inspection.hpp"

#include <fstream>

#include "tests/persistence/test_database.hpp"

namespace cued::persistence {
namespace {

using namespace std::chrono_literals;

class inspection : public test::database_test {
protected:
  [[nodiscard]] database_view look() const { return look_at_database(database_.options(), clock_).value(); }
  wall_clock clock_;
};

TEST_F(inspection, a_database_of_this_version_is_in_order) {
  const auto seen = look();
  EXPECT_GE(seen.server_version, 130'000);
  EXPECT_EQ(seen.schema, seen.schema_of_this_program);
  EXPECT_TRUE(seen.faults.empty()) << seen.faults.front();
  EXPECT_LT(std::chrono::abs(seen.clock_ahead), 1s);
}

TEST_F(inspection, a_column_that_somebody_dropped_is_a_fault) {
  database_.exec("ALTER TABLE executions DROP COLUMN triggered_by");
  ASSERT_EQ(look().faults.size(), 1U);
  EXPECT_NE(look().faults.front().find("executions.triggered_by"), std::string::npos);
}

TEST_F(inspection, a_database_we_have_never_been_to_has_no_version) {
  const auto empty = test::test_database::without_schema();
  const auto seen = look_at_database(empty.options(), clock_).value();
  EXPECT_FALSE(seen.schema);
  EXPECT_TRUE(seen.faults.empty());
}

TEST_F(inspection, a_clock_that_is_off_is_seen) {
  class slow_clock final : public time_source {
  public:
    [[nodiscard]] instant now() const override { return wall_clock{}.now() - 10min; }
  };
  const auto ahead = look_at_database(database_.options(), slow_clock{}).value().clock_ahead;
  EXPECT_GT(ahead, 9min);
  EXPECT_LT(ahead, 11min);
}

TEST(inspection_of_files, a_directory_that_does_not_exist_yet_is_usable_where_it_can_be_made) {
  const test::temporary_directory home;
  const auto seen = look_at_data_directory(home.path() / "a" / "b");
  EXPECT_FALSE(seen.exists);
  EXPECT_TRUE(seen.usable);
  EXPECT_GT(seen.free_bytes, 0U);
  EXPECT_FALSE(std::filesystem::exists(home.path() / "a"));
  std::ofstream{home.path() / "file"} << "";
  EXPECT_FALSE(look_at_data_directory(home.path() / "file" / "b").usable);
}

TEST(inspection_of_files, the_holder_of_the_lock_is_named_and_keeps_it) {
  const test::temporary_directory home;
  const auto file = home.path() / "cued.lock";
  EXPECT_FALSE(look_at_data_directory(home.path()).lock_holder);
  {
    const auto lock = instance_lock::take(file).value();
    EXPECT_EQ(look_at_data_directory(home.path()).lock_holder, ::getpid());
  }
  EXPECT_FALSE(look_at_data_directory(home.path()).lock_holder) << "a file that was left behind means nothing";
}

TEST(inspection_of_files, a_cluster_that_has_still_to_be_made_needs_any_programs) {
  const test::temporary_directory home;
  const auto seen = look_at_cluster(home.path(), "");
  EXPECT_FALSE(seen.made);
  EXPECT_FALSE(seen.running);
  EXPECT_TRUE(seen.has_fitting_binaries());
  EXPECT_FALSE(look_at_cluster(home.path(), "/nowhere").has_fitting_binaries());
}

TEST(inspection_of_files, a_cluster_needs_the_programs_of_its_own_version) {
  cluster_view seen;
  seen.binaries = {{"/usr/lib/postgresql/16/bin", 16}};
  seen.made = true;
  seen.major = 15;
  EXPECT_FALSE(seen.has_fitting_binaries());
  seen.binaries.push_back({"/usr/lib/postgresql/15/bin", 15});
  EXPECT_TRUE(seen.has_fitting_binaries());
}

} // namespace
} // namespace cued::persistence
