-- A record of usual size stays in its row: moved out in pieces, each write of it would be four.
ALTER TABLE "records" SET (toast_tuple_target = 8160);
