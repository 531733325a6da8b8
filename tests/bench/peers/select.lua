-- sysbench: one prepared `select 1` an event.
function thread_init()
	connection = sysbench.sql.driver():connect()
	statement = connection:prepare("select 1")
end

function event()
	statement:execute()
end

function thread_done()
	statement:close()
	connection:disconnect()
end
